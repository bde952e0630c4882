// The C++ core: JSON in, JSON out. bindings/wasm/exports.cpp says what each call answers.
const sides = ['fine', 'padded', 'coarse', 'weights'];
let wasm;

/// The core stands in the page as base64 of gzip: a third of its size.
async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}

const core = {
  call(name, types = [], given = []) {
    const text = wasm.ccall(name, 'string', types, given);
    return text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text;  // a picture and names are text
  },
  open: request => core.call('faltung_open', ['string'], [JSON.stringify(request)]),
  check: request => core.call('faltung_check', ['string'], [JSON.stringify(request)]),
  cell: (side, index, limit = 1) => core.call('faltung_cell', ['number', 'number', 'number'], [sides.indexOf(side), index, limit]),
  matrix: padded => core.call('faltung_matrix', ['number'], [padded ? 1 : 0]),
  overlap: () => core.call('faltung_overlap'),
  words: () => core.call('faltung_words'),
  svg: (view, cell, padded) => core.call('faltung_svg', ['number', 'number', 'number', 'number'], [view, cell ? sides.indexOf(cell.side) : -1, cell?.index ?? 0, padded ? 1 : 0]),
  values(side, size) {
    const begin = wasm._faltung_values(sides.indexOf(side)) / 8;
    return Array.from(wasm.HEAPF64.subarray(begin, begin + size));
  },
  names: side => core.call('faltung_names', ['number'], [sides.indexOf(side)]).trimEnd().split('\n'),
  /// coarse, weight, padded, fine of every product
  products() {
    const begin = wasm._faltung_products() / 4;
    return wasm.HEAP32.slice(begin, begin + 4 * wasm._faltung_product_count());
  },
};
const slot = { coarse: 0, weights: 1, padded: 2, fine: 3 };  // of a side within a product
