// The matrix: a table while its entries can be read, a picture of one pixel a cell above that.
const tableLimit = 2500, pictureLimit = 4e6;  // cells: a readable table; a canvas that browsers still scroll
let matrixCells = new Map(), overlay = null, litEntries = [];

function matrixSides() {
  const fine = state.padded ? 'padded' : 'fine', { unknown } = state.shown;
  return unknown === 'coarse' ? ['coarse', fine] : unknown === 'fine' ? [fine, 'coarse'] : ['weights', 'coarse'];
}

function renderMatrix() {
  const [rowSide, columnSide] = matrixSides(), { shown } = state;
  const rows = shown[rowSide].size, columns = shown[columnSide].size;
  const place = document.getElementById('matrix');
  document.getElementById('matrix-title').textContent = say('matrixOf', rows, columns);
  for (const input of document.querySelectorAll('[name=form]')) input.checked = (input.value === 'padded') === state.padded;
  const before = overlay;
  matrixCells = new Map();
  overlay = null;
  litEntries = [];
  place.tabIndex = -1;
  if (rows * columns > pictureLimit) {
    place.textContent = say('tooLarge', rows * columns);
    return;
  }
  if (rows * columns > tableLimit) return drawMatrix(place, rows, columns, before);
  const matrix = core.matrix(state.padded);
  let html = `<table role="grid" aria-label="${say('matrixOf', rows, columns)}"><tr role="row"><td></td>${shown[columnSide].names.map(name => `<th role="columnheader" scope="col">${name}</th>`).join('')}</tr>`;
  for (let r = 0, first = true; r < rows; ++r) {
    html += `<tr role="row"><th role="rowheader" scope="row">${shown[rowSide].names[r]}</th>`;
    let next = matrix.row_start[r];
    for (let c = 0; c < columns; ++c) {
      const hit = next < matrix.row_start[r + 1] && matrix.column[next] === c;
      html += hit ? `<td class="${shown.unknown === 'weights' ? 'input' : 'kernel'}" role="presentation"><div class="cell" role="gridcell" tabindex="${first ? 0 : -1}" data-r="${r}" data-c="${c}" title="${number(matrix.value[next])}">${matrix.symbol[next]}</div></td>`
        : `<td role="presentation"><div class="cell zero" role="gridcell" tabindex="-1" data-r="${r}" data-c="${c}">0</div></td>`;
      if (hit) ++next, first = false;
    }
    html += '</tr>';
  }
  place.innerHTML = html + '</table>';
  for (const cell of place.querySelectorAll('.cell')) matrixCells.set(cell.dataset.r * columns + Number(cell.dataset.c), cell);
}

function watchForm() {
  for (const radio of document.querySelectorAll('[name=form]')) radio.addEventListener('change', () => {
    state.padded = radio.value === 'padded';
    choose(null);
    writeAddress();
    renderLate();
  });
}

/// Two canvases, the entries and above them what is lit; kept while the size stays, they are some megabytes.
function pictureOf(place, rows, columns, before) {
  if (before?.image.width === columns && before.image.height === rows) return before;
  place.innerHTML = `<div style="position:relative;width:max-content"><canvas width="${columns}" height="${rows}" role="img"></canvas><canvas width="${columns}" height="${rows}" style="position:absolute;inset:0;border-color:transparent"></canvas></div>`;
  const [base, canvas] = place.querySelectorAll('canvas'), scale = Math.max(1, Math.min(6, Math.floor(700 / columns)));
  for (const one of [base, canvas]) one.style.width = `${columns * scale + 2}px`, one.style.height = `${rows * scale + 2}px`;
  return { base, canvas, scale, drawn: [], image: new ImageData(columns, rows) };
}

function drawMatrix(place, rows, columns, before) {
  overlay = pictureOf(place, rows, columns, before);
  place.tabIndex = 0;
  overlay.base.ariaLabel = say('matrixOf', rows, columns);
  const [rowSide, columnSide] = matrixSides(), { products } = state, pixels = new Uint32Array(overlay.image.data.buffer).fill(0);
  const soft = 0xff84786c;  // #6c7884 as the bytes lie in memory: 4.4 to 1 on the light page, 4.2 to 1 on the dark one
  for (let p = 0; p < products.length; p += 4) {
    const r = products[p + slot[rowSide]], c = products[p + slot[columnSide]];
    if (r >= 0 && c >= 0) pixels[r * columns + c] = soft;
  }
  overlay.base.getContext('2d').putImageData(overlay.image, 0, 0);
}

/// What an entry holds: a weight (of a weight gradient: a cell), or the sum of those that meet there.
function entryName({ r, c }) {
  const [rowSide, columnSide] = matrixSides(), { products, shown } = state, entries = shown.unknown === 'weights' ? 'fine' : 'weights', found = [];
  for (let p = 0; p < products.length; p += 4) if (products[p + slot[rowSide]] === r && products[p + slot[columnSide]] === c) found.push(shown[entries].names[products[p + slot[entries]]] ?? '0');
  return found.join('+');
}

/// The entry of the picture under the pointer, or its row where it holds a zero; the row that an arrow key leads to.
function entryAt(event) {
  const [rowSide, columnSide] = matrixSides(), { size } = state.shown[rowSide], row = r => r >= 0 && r < size ? { side: rowSide, index: r } : null;
  if (event.type === 'keydown') return row((state.cell?.side === rowSide ? state.cell.index : -1) + ({ ArrowDown: 1, ArrowUp: -1 }[event.key] ?? size));
  const box = overlay.canvas.getBoundingClientRect();
  const r = Math.floor((event.clientY - box.top - 1) / overlay.scale), c = Math.floor((event.clientX - box.left - 1) / overlay.scale);
  return row(r) && c < state.shown[columnSide].size && entryName({ r, c }) ? { side: 'matrix', r, c } : row(r);
}

function watchPicture() {
  const place = document.getElementById('matrix');
  place.addEventListener('pointermove', event => {
    const cell = overlay && !state.pinned && event.target.tagName === 'CANVAS' ? entryAt(event) : null;
    if (cell && !sameCell(cell, state.cell)) choose(cell);
  });
  place.addEventListener('keydown', event => {
    const cell = overlay && event.target === place ? entryAt(event) : null;
    if (cell) event.preventDefault(), choose(cell);
  });
}

/// Lights the entries of some products, and the whole row or column of a cell.
function lightMatrix(lit, cell) {
  const [rowSide, columnSide] = matrixSides(), { products, shown } = state, columns = shown[columnSide].size;
  for (const entry of litEntries) entry.classList.remove('lit', 'line');
  litEntries = [];
  if (overlay) {
    const pen = overlay.canvas.getContext('2d');
    for (const [c, r] of overlay.drawn) pen.clearRect(c, r, 2, 2);
    overlay.drawn = lit.map(p => [products[p + slot[columnSide]], products[p + slot[rowSide]]]).filter(([c, r]) => c >= 0 && r >= 0);
    pen.fillStyle = '#e2761b';
    for (const [c, r] of overlay.drawn) pen.fillRect(c, r, 2, 2);
    return;
  }
  const mark = (r, c, style) => {
    const entry = r >= 0 && c >= 0 && matrixCells.get(r * columns + c);
    if (entry) entry.classList.add(style), litEntries.push(entry);
  };
  if (cell?.side === rowSide) for (let c = 0; c < columns; ++c) mark(cell.index, c, 'line');
  if (cell?.side === columnSide) for (let r = 0; r < shown[rowSide].size; ++r) mark(r, cell.index, 'line');
  for (const p of lit) mark(products[p + slot[rowSide]], products[p + slot[columnSide]], 'lit');
}
