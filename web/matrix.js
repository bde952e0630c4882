// The matrix: a table while its entries can be read, a picture of one pixel a cell above that.
const tableLimit = 2500, pictureLimit = 4e6;  // cells: a readable table; a canvas that browsers still scroll
let matrixCells = new Map(), overlay = null, litEntries = [];

function matrixSides() {
  const fine = state.padded ? 'padded' : 'fine', { unknown } = state.shown;
  return unknown === 'coarse' ? ['coarse', fine] : unknown === 'fine' ? [fine, 'coarse'] : ['weights', 'coarse'];
}

function renderMatrix() {
  const [rowSide, columnSide] = matrixSides(), { shown } = state;
  const rows = shown[rowSide].names.length, columns = shown[columnSide].names.length;
  const place = document.getElementById('matrix');
  document.getElementById('matrix-title').textContent = say('matrixOf', rows, columns);
  for (const input of document.querySelectorAll('[name=form]')) input.checked = (input.value === 'padded') === state.padded;
  matrixCells = new Map();
  overlay = null;
  litEntries = [];
  if (rows * columns > pictureLimit) {
    place.textContent = say('tooLarge', rows * columns);
    return;
  }
  if (rows * columns > tableLimit) return drawMatrix(place, rows, columns);
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

function drawMatrix(place, rows, columns) {
  const [rowSide, columnSide] = matrixSides(), { products } = state;
  place.innerHTML = `<div style="position:relative;width:max-content"><canvas width="${columns}" height="${rows}" role="img" aria-label="${say('matrixOf', rows, columns)}"></canvas><canvas width="${columns}" height="${rows}" style="position:absolute;inset:0;border-color:transparent"></canvas></div>`;
  const [base, top] = place.querySelectorAll('canvas');
  const scale = Math.max(1, Math.min(6, Math.floor(700 / columns)));
  for (const canvas of [base, top]) canvas.style.width = `${columns * scale + 2}px`, canvas.style.height = `${rows * scale + 2}px`;
  const pen = base.getContext('2d');
  pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--soft');
  for (let p = 0; p < products.length; p += 4) {
    const r = products[p + slot[rowSide]], c = products[p + slot[columnSide]];
    if (r >= 0 && c >= 0) pen.fillRect(c, r, 1, 1);
  }
  overlay = { canvas: top, scale };
}

/// Lights the entries of some products, and the whole row or column of a cell.
function lightMatrix(lit, cell) {
  const [rowSide, columnSide] = matrixSides(), { products, shown } = state, columns = shown[columnSide].names.length;
  for (const entry of litEntries) entry.classList.remove('lit', 'line');
  litEntries = [];
  if (overlay) {
    const pen = overlay.canvas.getContext('2d');
    pen.clearRect(0, 0, overlay.canvas.width, overlay.canvas.height);
    pen.fillStyle = '#e2761b';
    for (const p of lit) if (products[p + slot[rowSide]] >= 0 && products[p + slot[columnSide]] >= 0) pen.fillRect(products[p + slot[columnSide]] - 0.5, products[p + slot[rowSide]] - 0.5, 2, 2);
    return;
  }
  const mark = (r, c, style) => {
    const entry = r >= 0 && c >= 0 && matrixCells.get(r * columns + c);
    if (entry) entry.classList.add(style), litEntries.push(entry);
  };
  if (cell?.side === rowSide) for (let c = 0; c < columns; ++c) mark(cell.index, c, 'line');
  if (cell?.side === columnSide) for (let r = 0; r < shown[rowSide].names.length; ++r) mark(r, cell.index, 'line');
  for (const p of lit) mark(products[p + slot[rowSide]], products[p + slot[columnSide]], 'lit');
}
