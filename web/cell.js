// One cell and everything that belongs to it: lit in every array and in the matrix, told as a formula.
let litCells = [];
const toldLimit = 32;  // formulas or terms of one cell: more are no longer read
const escaped = text => text.replace(/[&<>"]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);
const coloured = formula => escaped(formula).replace(/∂?([IKOtB])'?\d*(?:[.,]\d+)*(?![a-zA-Z])/g, (name, letter) => `<span class="${{ t: 'O', B: 'O' }[letter] ?? letter}">${name}</span>`);

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

function tellCell(cell) {
  const { shown } = state, place = document.getElementById('formula');
  if (!cell) {
    place.textContent = say('nothing');
    return;
  }
  if (cell.side === 'matrix') {
    const [rowSide, columnSide] = matrixSides();
    place.innerHTML = `<p>${coloured(say('matrixCell', entryName(cell), shown[rowSide].names[cell.r], shown[columnSide].names[cell.c]))}</p>` +
      core.cell(rowSide, cell.r).formulas.map(one => tell(one, '=')).join('');
    return;
  }
  const told = core.cell(cell.side, cell.index, toldLimit);
  let html = told.computed ? '' : `<p><strong>${coloured(told.name)}</strong> ${say('goes')}</p>`;
  html += told.formulas.map(one => tell(one, told.computed ? '=' : '←')).join('');
  if (told.more) html += '<p>…</p>';
  if (told.gradient) {
    const terms = told.gradient.split(' + ');
    html += `<p>${say('gradientOf')}: ${coloured(terms.slice(0, toldLimit).join(' + '))}${terms.length > toldLimit ? ' + …' : ''}</p>`;
  }
  place.innerHTML = html;
}

function light(cell) {
  for (const element of litCells) element.classList.remove('lit', 'chosen');
  litCells = [];
  document.getElementById('arrays').classList.toggle('lighting', Boolean(cell));
  const lit = cell ? productsOf(cell) : [], { products } = state;
  const mark = (element, style) => {
    if (element && !element.classList.contains(style)) element.classList.add(style), litCells.push(element);
  };
  for (const [side, elements] of Object.entries(cells)) {
    const here = new Set(lit.map(p => products[p + slot[side]]).filter(index => index >= 0)), chosen = cell?.side === side ? cell.index : undefined;
    if (!elements) markDense(side, here, chosen);
    else {
      for (const index of here) mark(elements[index], 'lit');
      if (chosen !== undefined) mark(elements[chosen], 'lit'), mark(elements[chosen], 'chosen');
    }
  }
  if (cell?.side === 'matrix') mark(matrixCells.get(cell.r * state.shown[matrixSides()[1]].size + cell.c), 'chosen');
  tellCell(cell);
  lightMatrix(lit, cell);
  lightSpread(lit, cell);
}

/// The cell under a pointer, or the one that has the focus.
function cellAt(event, pointer = true) {
  const grid = event.target.closest?.('#arrays .dense');
  if (grid) return pointer ? denseCellAt(event, grid) : denseCell(grid, Number(grid.dataset.at ?? 0));
  const element = event.target.closest?.('.cell');
  if (!element) return null;
  if (element.dataset.r !== undefined) return element.classList.contains('zero') ? null : { side: 'matrix', r: Number(element.dataset.r), c: Number(element.dataset.c) };
  return { side: element.closest('[data-side]').dataset.side, index: Number(element.dataset.index) };
}

const sameCell = (a, b) => a?.side === b?.side && a?.index === b?.index && a?.r === b?.r && a?.c === b?.c;

function choose(cell, pinned = false) {
  state.cell = cell;
  state.pinned = pinned && Boolean(cell);
  light(cell);
}

function watchCells() {
  for (const id of ['arrays', 'matrix', 'spread']) {
    const place = document.getElementById(id);
    const point = event => { const cell = cellAt(event); if (cell && !state.pinned && !sameCell(cell, state.cell)) choose(cell); };
    place.addEventListener('pointerover', point);
    place.addEventListener('pointermove', event => { if (event.target.closest('.dense')) point(event); });
    place.addEventListener('pointerdown', event => { const grid = event.target.closest('#arrays .dense'), cell = grid && cellAt(event); if (cell) grid.dataset.at = cell.index - denseCell(grid, 0).index; });
    place.addEventListener('focusin', event => { const cell = cellAt(event, false); if (cell && !state.pinned) choose(cell); });
    place.addEventListener('click', event => {
      const cell = cellAt(event);
      if (!cell || event.target.closest('.editor')) return;
      if (state.pinned && sameCell(cell, state.cell) && edit(cell)) return;
      choose(cell, true);
      writeAddress();
    });
    place.addEventListener('keydown', event => {
      if (event.target.closest('.editor')) return;
      const cell = cellAt(event, false);
      if (event.key === 'Enter' || event.key === ' ') {
        if (cell) event.preventDefault(), choose(cell, true), writeAddress();
      } else if (cell && !event.ctrlKey && !event.metaKey && !event.altKey && (event.key === 'F2' || /^[-+.\d]$/.test(event.key))) {
        if (edit(cell, event.key === 'F2' ? undefined : event.key)) event.preventDefault();
      } else {
        if (event.key.startsWith('Arrow')) state.pinned = false;
        moveFocus(event);
      }
    });
  }
  document.addEventListener('keydown', event => { if (event.key === 'Escape' && !event.target.closest?.('.editor')) choose(null), writeAddress(); });
}
