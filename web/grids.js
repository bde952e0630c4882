// The arrays as grids of cells: one plane for each channel and each z, reached by pointer and by arrow keys.
let cells = {};   // side → elements by index
let shape = '';   // what the grids were built for
const number = value => String(Object.is(value, -0) ? 0 : Number.isInteger(value) ? value : Number(value.toPrecision(4)));
const toneOf = title => title.includes('input') ? 'input' : title.includes('output') ? 'output' : 'kernel';

/// Which arrays stand in the row, with the signs between them.
function lineUp(shown) {
  const pads = shown.padded.names.length > shown.fine.names.length;
  const window = pads ? 'padded' : 'fine';
  if (shown.unknown === 'coarse') return [window, '∗', 'weights', '=', 'coarse'];
  if (shown.unknown === 'weights') return [window, '∗', 'coarse', '=', 'weights'];
  if (pads) return ['coarse', '∗ᵀ', 'weights', '=', 'padded', '→', 'fine'];
  return ['coarse', '∗ᵀ', 'weights', '=', shown.fine.title === 'output' ? 'padded' : 'fine'];  // the article's temporary output
}

function inside(array, index) {
  for (let a = array.extents.length; a-- > 0; index = Math.floor(index / array.extents[a])) {
    const position = index % array.extents[a] - array.begin[a];
    if (position < 0 || position >= array.true_extents[a]) return false;
  }
  return true;
}

/// Names of the padded array's cells as the article has them: of the cells that they are or copy, none for zeros.
function windowNames({ padded, fine }) {
  const copied = new Map();
  for (let p = 0; p < state.products.length; p += 4) copied.set(state.products[p + slot.padded], state.products[p + slot.fine]);
  return padded.names.map((name, index) => {
    if (!inside(padded, index)) return copied.has(index) ? fine.names[copied.get(index)] ?? '' : '';
    let rest = index, at = 0, step = 1;
    for (let a = padded.extents.length; a-- > 0; rest = Math.floor(rest / padded.extents[a])) {
      at += (rest % padded.extents[a] - padded.begin[a]) * step;
      step *= padded.true_extents[a];
    }
    return fine.names[at + rest * step];
  });
}

function planeTitle(array, plane, depth) {
  const channels = product(array.channels), channel = Math.floor(plane / depth), inner = array.channels.at(-1);
  let title = titleOf(array.title);
  if (channels > 1) title += array.channels.length > 1 ? ` ${Math.floor(channel / inner) + 1}.${channel % inner + 1}` : ` ${channel + 1}`;
  return depth > 1 ? `${title}, z ${plane % depth + 1}` : title;
}

function buildArray(side, array) {
  const columns = array.extents.at(-1), rows = array.extents.at(-2) ?? 1, depth = array.extents.length > 2 ? array.extents[0] : 1;
  const count = array.names.length / (rows * columns);
  const dense = columns > 9 || array.names.length > 200, wide = array.names[0].length > 5;
  let html = `<div class="planes ${toneOf(array.title)}" data-side="${side}">`;
  for (let plane = 0, index = 0; plane < count; ++plane) {
    const title = planeTitle(array, plane, depth);
    html += `<figure class="plane"><figcaption>${title}</figcaption><div class="grid${dense ? ' dense' : wide ? ' wide' : ''}" role="grid" aria-label="${title}" style="grid-template-columns:repeat(${columns},auto)">`;
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
  const { shown } = state;
  const line = lineUp(shown);
  const now = JSON.stringify([language, line, ...sides.map(side => [shown[side].title, shown[side].channels, shown[side].extents, shown[side].begin])]);
  if (now !== shape) {
    shape = now;
    document.getElementById('arrays').innerHTML = line.map(part => sides.includes(part) ? buildArray(part, shown[part]) : `<span class="sign" aria-hidden="true">${part}</span>`).join('');
    cells = {};
    for (const planes of document.querySelectorAll('#arrays .planes')) cells[planes.dataset.side] = [...planes.querySelectorAll('.cell')];
  }
  const temporary = shown.unknown === 'fine' && state.step < state.steps ? temporaryAt(state.step) : shown.padded.values;
  const whole = shown.padded.names.length === shown.fine.names.length;  // nothing is cut: the temporary output is the output
  for (const [side, elements] of Object.entries(cells)) {
    const grows = shown.unknown === 'fine' && (side === 'padded' || (side === 'fine' && whole));
    const array = grows ? { ...shown[side], values: temporary } : shown[side];
    const future = side === shown.unknown && state.step < state.steps && !grows ? (side === 'fine' ? 0 : state.step) : Infinity;
    const names = side === 'padded' && shown.unknown !== 'fine' ? windowNames(shown) : array.names;
    elements.forEach((element, i) => {
      const text = number(array.values[i]), name = names[i];
      if (element.lastChild.textContent !== text) element.lastChild.textContent = text;
      if (element.firstChild.textContent !== name) element.firstChild.textContent = name;
      element.classList.toggle('future', i >= future);
      element.ariaLabel = i >= future ? array.names[i] : name ? `${name} = ${text}` : `${text}, ${say('zero')}`;
    });
  }
}

/// The temporary output after some input numbers.
function temporaryAt(step) {
  const values = new Array(state.shown.padded.names.length).fill(0), { products } = state, { coarse, weights } = state.shown;
  for (let p = 0; p < products.length; p += 4)
    if (products[p] < step) values[products[p + slot.padded]] += coarse.values[products[p]] * weights.values[products[p + slot.weights]];
  return values;
}

/// Arrow keys, Home and End inside one grid; focus travels with them.
function moveFocus(event) {
  const cell = event.target.closest('.cell');
  const grid = cell?.closest('[role=grid]');
  if (!grid) return;
  const all = [...grid.querySelectorAll('.cell')], at = all.indexOf(cell);
  const columns = grid.querySelector('[role=row]').querySelectorAll('.cell').length;
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + columns, ArrowUp: at - columns, Home: at - at % columns, End: at - at % columns + columns - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  if (!all[to]) return;
  cell.tabIndex = -1;
  all[to].tabIndex = 0;
  all[to].focus();
}
