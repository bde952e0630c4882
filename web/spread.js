// The other way to see a transposed convolution: zeros between the numbers and around them, the kernel turned around, and
// a window of stride 1 slides over it. Dumoulin & Visin, "A guide to convolution arithmetic for deep learning", 2016, 4.
const spreadLimit = 400;  // cells: more are not read one by one
let spreadCells = [], turnedCells = [];  // by place; by weight

const spanOf = axis => (state.fields.kernel[axis] - 1) * state.fields.dilation[axis] + 1;

/// Index of a position in an array of some extents; positions of an index.
const indexAt = (positions, extents) => positions.reduce((at, position, a) => at * extents[a] + position, 0);
function positionsOf(index, extents) {
  const positions = [];
  for (let a = extents.length; a-- > 0; index = Math.floor(index / extents[a])) positions.unshift(index % extents[a]);
  return positions;
}

function spreadArray() {
  const { padded, coarse } = state.shown;
  return { title: coarse.title, channels: coarse.channels, extents: padded.extents.map((extent, a) => extent + spanOf(a) - 1) };
}

/// The number that stands at a place: its index in the coarse array, or −1 for a zero.
function numberAt(place, spread) {
  const { coarse } = state.shown, { stride } = state.fields, within = product(spread.extents);
  const positions = positionsOf(place % within, spread.extents).map((position, a) => position - spanOf(a) + 1);
  if (positions.some((position, a) => position < 0 || position % stride[a] || position / stride[a] >= coarse.extents[a])) return -1;
  return Math.floor(place / within) * product(coarse.extents) + indexAt(positions.map((position, a) => position / stride[a]), coarse.extents);
}

function spreadPlanes(array, side, title, cell) {
  const { columns, rows, depth, count } = planesOf(array);
  let html = `<div class="planes ${toneOf(array.title)}" data-side="${side}">`;
  for (let plane = 0, place = 0; plane < count; ++plane) {
    const label = say(title, planeTitle(array, plane, depth));
    html += `<figure class="plane"><figcaption>${label}</figcaption><div class="grid small" role="grid" aria-label="${label}" style="grid-template-columns:repeat(${columns},auto)">`;
    for (let row = 0; row < rows; ++row) {
      html += '<div class="row" role="row">';
      for (let column = 0; column < columns; ++column, ++place) html += cell(place, place % (rows * columns) ? -1 : 0);
      html += '</div>';
    }
    html += '</div></figure>';
  }
  return html + '</div>';
}

function renderSpread() {
  const { shown } = state, section = document.getElementById('spread-section'), spread = spreadArray();
  spread.size = cellsOf(spread);
  spreadCells = turnedCells = [];
  section.hidden = shown.unknown !== 'fine' || spread.size + shown.weights.size > spreadLimit;
  if (section.hidden) return;
  const taps = product(state.fields.kernel), { coarse, weights } = shown;
  const cellOf = (array, index, tab) => `<div class="cell" role="gridcell" tabindex="${tab}" data-index="${index}" aria-label="${array.names[index]} = ${number(array.values[index])}">${array.names[index]}</div>`;
  document.getElementById('spread').innerHTML = spreadPlanes(spread, 'coarse', 'withZeros', (place, tab) => {
    const index = numberAt(place, spread);
    return index < 0 ? `<div class="cell margin" role="gridcell" tabindex="${tab}">0</div>` : cellOf(coarse, index, tab);
  }) + '<span class="sign" aria-hidden="true">∗</span>' + spreadPlanes(weights, 'weights', 'turned', (place, tab) =>
    cellOf(weights, state.fields.flip ? place : place - place % taps + taps - 1 - place % taps, tab));
  spreadCells = [...document.querySelectorAll('#spread [data-side=coarse] .cell')];
  for (const element of document.querySelectorAll('#spread [data-side=weights] .cell')) turnedCells[element.dataset.index] = element;
}

/// The window of an output cell, or the numbers and taps of another one.
function lightSpread(lit, cell) {
  const place = document.getElementById('spread');
  for (const element of place.querySelectorAll('.lit,.chosen')) element.classList.remove('lit', 'chosen');
  place.classList.toggle('lighting', Boolean(cell));
  if (!cell || !spreadCells.length) return;
  const { products, shown } = state, spread = spreadArray(), numbers = new Set(lit.map(p => products[p]));
  for (const p of lit) turnedCells[products[p + slot.weights]]?.classList.add('lit');
  spreadCells.forEach(element => element.dataset.index !== undefined && numbers.has(Number(element.dataset.index)) && element.classList.add('lit'));
  if (cell.side !== 'padded' && cell.side !== 'fine') return;
  const extents = shown[cell.side].extents, channel = Math.floor(cell.index / product(extents));
  const target = positionsOf(cell.index % product(extents), extents).map((position, a) => cell.side === 'fine' ? position + shown.padded.begin[a] : position);
  const group = array => array.channels[0] / state.fields.groups, within = product(spread.extents);
  spreadCells.forEach((element, at) => {
    if (Math.floor(Math.floor(at / within) / group(spread)) !== Math.floor(channel / group(shown.padded))) return;
    const taps = positionsOf(at % within, spread.extents).map((position, a) => position - target[a]);
    if (taps.every((tap, a) => tap >= 0 && tap < spanOf(a) && tap % state.fields.dilation[a] === 0)) element.classList.add('lit', 'chosen');
  });
}
