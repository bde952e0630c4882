// The arrays as grids of cells: one plane for each channel and each z. Large ones are drawn by dense.js.
let cells = {};   // side → elements by index; null for a large array
let shape = '';   // what the grids were built for
const number = value => String(Object.is(value, -0) ? 0 : Number.isInteger(value) ? value : Number(value.toPrecision(4)));
const toneOf = title => title.includes('input') ? 'input' : title.includes('output') ? 'output' : 'kernel';
const isDense = array => array.extents.at(-1) > 9 || array.size > 200;  // more does not fit beside the formula, cell by cell

/// Which arrays stand in the row, with the signs between them.
function lineUp(shown) {
  const pads = shown.padded.size > shown.fine.size;
  const window = pads ? 'padded' : 'fine';
  if (shown.unknown === 'coarse') return [window, '∗', 'weights', '=', 'coarse'];
  if (shown.unknown === 'weights') return [window, '∗', 'coarse', '=', 'weights'];
  if (pads) return ['coarse', '∗ᵀ', 'weights', '=', 'padded', '→', 'fine'];
  return ['coarse', '∗ᵀ', 'weights', '=', shown.fine.title === 'output' ? 'padded' : 'fine'];  // the article's temporary output
}

/// The cell of the true array that a cell of a padded one is, or −1 in the margin.
function trueIndex(array, index) {
  let at = 0, step = 1;
  for (let a = array.extents.length; a-- > 0; index = Math.floor(index / array.extents[a])) {
    const position = index % array.extents[a] - array.begin[a];
    if (position < 0 || position >= array.true_extents[a]) return -1;
    at += position * step;
    step *= array.true_extents[a];
  }
  return at + index * step;  // what is left of the index is the channel
}
const inside = (array, index) => trueIndex(array, index) >= 0;

/// Names of the padded array's cells as the article has them: of the cells that they are or copy, none for zeros.
function windowNames({ padded, fine }) {
  const copied = new Map();
  for (let p = 0; p < state.products.length; p += 4) copied.set(state.products[p + slot.padded], state.products[p + slot.fine]);
  return padded.names.map((_, index) => fine.names[inside(padded, index) ? trueIndex(padded, index) : copied.get(index)] ?? '');
}

function planeTitle(array, plane, depth) {
  const channels = product(array.channels), channel = Math.floor(plane / depth), inner = array.channels.at(-1);
  let title = titleOf(array.title);
  if (channels > 1) title += array.channels.length > 1 ? ` ${Math.floor(channel / inner) + 1}.${channel % inner + 1}` : ` ${channel + 1}`;
  return depth > 1 ? `${title}, z ${plane % depth + 1}` : title;
}

/// columns, rows and planes of an array, and how many planes a channel has.
function planesOf(array) {
  const columns = array.extents.at(-1), rows = array.extents.at(-2) ?? 1;
  return { columns, rows, depth: array.extents.length > 2 ? array.extents[0] : 1, count: array.size / (rows * columns) };
}

function buildArray(side, array) {
  const { columns, rows, depth, count } = planesOf(array), dense = isDense(array), wide = !dense && array.names[0].length > 5;
  let html = `<div class="planes ${toneOf(array.title)}" data-side="${side}">`;
  for (let plane = 0, index = 0; plane < count; ++plane) {
    const title = planeTitle(array, plane, depth);
    html += `<figure class="plane"><figcaption>${title}</figcaption>`;
    if (dense) {
      html += `${densePlane(array, plane, title)}</figure>`;
      continue;
    }
    html += `<div class="grid${wide ? ' wide' : ''}" role="grid" aria-label="${title}" style="grid-template-columns:repeat(${columns},auto)">`;
    for (let row = 0; row < rows; ++row) {
      html += '<div class="row" role="row">';
      for (let column = 0; column < columns; ++column, ++index)
        html += `<div class="cell${inside(array, index) ? '' : ' margin'}" role="gridcell" tabindex="${index % (rows * columns) ? -1 : 0}" data-index="${index}"><small></small><b></b></div>`;
      html += '</div>';
    }
    html += '</div></figure>';
  }
  return html + '</div>';
}

function renderGrids() {
  const { shown } = state, line = lineUp(shown);
  const now = JSON.stringify([language, line, ...sides.map(side => [shown[side].title, shown[side].channels, shown[side].extents, shown[side].begin])]);
  if (now !== shape) {
    shape = now;
    const place = document.getElementById('arrays');
    place.innerHTML = line.map(part => sides.includes(part) ? buildArray(part, shown[part]) : `<span class="sign" aria-hidden="true">${part}</span>`).join('');
    cells = {};
    for (const planes of place.querySelectorAll('.planes')) cells[planes.dataset.side] = isDense(shown[planes.dataset.side]) ? null : [...planes.querySelectorAll('.cell')];
  }
  const whole = shown.padded.size === shown.fine.size;  // nothing is cut: the temporary output is the output
  for (const [side, elements] of Object.entries(cells)) {
    const array = shown[side], grows = shown.unknown === 'fine' && state.step < state.steps && (side === 'padded' || (side === 'fine' && whole));
    const values = grows ? temporaryAt(state.step) : array.values;
    const future = side === shown.unknown && state.step < state.steps && !grows ? (side === 'fine' ? 0 : state.step) : Infinity;
    if (!elements) {
      writeDense(side, array, values, future);
      continue;
    }
    const names = side === 'padded' && shown.unknown !== 'fine' ? windowNames(shown) : array.names;
    elements.forEach((element, i) => {
      const text = number(values[i]), name = names[i];
      if (element.lastChild.textContent !== text) element.lastChild.textContent = text;
      if (element.firstChild.textContent !== name) element.firstChild.textContent = name;
      element.classList.toggle('future', i >= future);
      const label = i >= future ? array.names[i] : name ? `${name} = ${text}` : `${text}, ${say('zero')}`;
      if (element.ariaLabel !== label) element.ariaLabel = label;
    });
  }
}

/// Whether a cell lies in a margin that will be added onto other cells.
function folds(array, index) {
  for (let a = array.extents.length; a-- > 0; index = Math.floor(index / array.extents[a])) {
    const position = index % array.extents[a] - array.begin[a];
    if ((position < 0 || position >= array.true_extents[a]) && state.fields.boundary[a] !== 'zeros') return true;
  }
  return false;
}

/// The temporary output after some input numbers: the bias, where it is kept, and the stamps.
function temporaryAt(step) {
  const { padded, coarse, weights } = state.shown, { products } = state, bias = biasNumbers();
  const values = new Array(padded.size).fill(0), channel = padded.size / padded.channels[0];
  if (bias) for (let i = 0; i < values.length; ++i) if (!folds(padded, i)) values[i] = bias[Math.floor(i / channel)];
  for (let p = 0; p < products.length; p += 4)
    if (products[p] < step) values[products[p + slot.padded]] += coarse.values[products[p]] * weights.values[products[p + slot.weights]];
  return values;
}

/// Where an arrow key, Home or End leads inside a grid; −1: out of it.
function neighbour(key, at, columns, count) {
  const row = at - at % columns;
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + columns, ArrowUp: at - columns, Home: row, End: row + columns - 1 }[key];
  return to === undefined || to < 0 || to >= count ? -1 : to;
}

/// Arrow keys inside one grid; focus travels with them.
function moveFocus(event) {
  const grid = event.target.closest('[role=grid]'), cell = event.target.closest('.cell');
  if (grid?.classList.contains('dense')) return moveDense(event, grid);
  if (!cell) return;
  const all = [...grid.querySelectorAll('.cell')];
  const to = neighbour(event.key, all.indexOf(cell), grid.querySelector('[role=row]').querySelectorAll('.cell').length, all.length);
  if (event.key.startsWith('Arrow') || to >= 0) event.preventDefault();
  if (to < 0) return;
  cell.tabIndex = -1;
  all[to].tabIndex = 0;
  all[to].focus();
}
