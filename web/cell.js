// One cell and everything that belongs to it: lit in every array and in the matrix, told as a formula.
let litCells = [];
const escaped = text => text.replace(/[&<>"]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);
const coloured = formula => escaped(formula).replace(/∂?([IKOt])'?\d+(?:[.,]\d+)*/g, (name, letter) => `<span class="${letter === 't' ? 'O' : letter}">${name}</span>`);

function tell(formula, arrow) {
  let text = `${formula.left} ${arrow} ${formula.symbols}`;
  if (formula.numbers && formula.numbers !== formula.value) text += ` = ${formula.numbers}`;
  if (formula.value && formula.value !== formula.symbols) text += ` = ${formula.value}`;
  return `<p>${coloured(text)}</p>`;
}

/// Offsets of the products that a cell (or a matrix entry) takes part in.
function productsOf(cell) {
  const { products } = state, lit = [];
  if (cell.side === 'matrix') {
    const [rowSide, columnSide] = matrixSides();
    for (let p = 0; p < products.length; p += 4) if (products[p + slot[rowSide]] === cell.r && products[p + slot[columnSide]] === cell.c) lit.push(p);
    return lit;
  }
  for (let p = slot[cell.side]; p < products.length; p += 4) if (products[p] === cell.index) lit.push(p - slot[cell.side]);
  return lit;
}

function light(cell) {
  for (const element of litCells) element.classList.remove('lit', 'chosen');
  litCells = [];
  const arrays = document.getElementById('arrays'), formula = document.getElementById('formula');
  arrays.classList.toggle('lighting', Boolean(cell));
  if (!cell) {
    formula.textContent = say('nothing');
    return lightMatrix([], null);
  }
  const lit = productsOf(cell), { products, shown } = state;
  const mark = (element, style) => {
    if (element && !element.classList.contains(style)) element.classList.add(style), litCells.push(element);
  };
  for (const [side, elements] of Object.entries(cells)) for (const p of lit) mark(elements[products[p + slot[side]]], 'lit');
  if (cell.side === 'matrix') {
    const [rowSide, columnSide] = matrixSides();
    mark(matrixCells.get(cell.r * shown[columnSide].names.length + cell.c), 'chosen');
    const entry = matrixCells.get(cell.r * shown[columnSide].names.length + cell.c);
    formula.innerHTML = `<p>${coloured(say('matrixCell', entry?.textContent ?? '', shown[rowSide].names[cell.r], shown[columnSide].names[cell.c]))}</p>`;
    const told = core.cell(rowSide, cell.r);
    formula.innerHTML += told.formulas.map(one => tell(one, '=')).join('');
  } else {
    mark(cells[cell.side]?.[cell.index], 'lit');
    mark(cells[cell.side]?.[cell.index], 'chosen');
    const told = core.cell(cell.side, cell.index);
    let html = told.computed ? '' : `<p><strong>${coloured(told.name)}</strong> ${say('goes')}</p>`;
    html += told.formulas.slice(0, 64).map(one => tell(one, told.computed ? '=' : '←')).join('');
    if (told.formulas.length > 64) html += '<p>…</p>';
    if (told.gradient) html += `<p>${say('gradientOf')}: ${coloured(told.gradient)}</p>`;
    formula.innerHTML = html;
  }
  lightMatrix(lit, cell);
}

function cellAt(target) {
  const element = target.closest?.('.cell');
  if (!element || element.closest('#overlap')) return null;
  if (element.dataset.r !== undefined) return element.classList.contains('zero') ? null : { side: 'matrix', r: Number(element.dataset.r), c: Number(element.dataset.c) };
  return { side: element.closest('.planes').dataset.side, index: Number(element.dataset.index) };
}

function choose(cell, pinned = false) {
  state.cell = cell;
  state.pinned = pinned && Boolean(cell);
  light(cell);
}

function watchCells() {
  for (const id of ['arrays', 'matrix']) {
    const place = document.getElementById(id);
    place.addEventListener('pointerover', event => { const cell = cellAt(event.target); if (cell && !state.pinned) choose(cell); });
    place.addEventListener('focusin', event => { const cell = cellAt(event.target); if (cell && !state.pinned) choose(cell); });
    place.addEventListener('click', event => { const cell = cellAt(event.target); if (cell) choose(cell, true), writeAddress(); });
    place.addEventListener('keydown', event => {
      if (event.key === 'Enter' || event.key === ' ') {
        const cell = cellAt(event.target);
        if (cell) event.preventDefault(), choose(cell, true), writeAddress();
      } else {
        if (event.key.startsWith('Arrow')) state.pinned = false;
        moveFocus(event);
      }
    });
  }
  document.getElementById('matrix').addEventListener('pointermove', event => {
    if (!overlay || state.pinned || event.target.tagName !== 'CANVAS') return;
    const box = overlay.canvas.getBoundingClientRect();
    const [rowSide] = matrixSides(), r = Math.floor((event.clientY - box.top - 1) / overlay.scale);
    if (r >= 0 && r < state.shown[rowSide].names.length) choose({ side: rowSide, index: r });
  });
  document.addEventListener('keydown', event => { if (event.key === 'Escape') choose(null), writeAddress(); });
}
