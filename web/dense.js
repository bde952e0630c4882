// Large arrays: every plane is one text over a ruled ground, and what is lit are boxes behind the text, one for a run of
// cells in a row. So a slider rebuilds a handful of elements, not thousands; to a screen reader the grid holds the one
// cell that is chosen, with its place in it.
const marked = {};  // side → planes that have boxes

const densePlane = (array, plane, title) => {
  const { columns, rows, depth } = planesOf(array), axes = array.extents.length;
  const z = axes > 2 ? plane % depth - array.begin[0] : 0, within = z >= 0 && (axes < 3 || z < array.true_extents[0]);
  const top = array.begin.at(-2) ?? 0, height = array.true_extents.at(-2) ?? 1;
  const ground = within ? `<i class="true" style="${boxStyle(top, array.begin.at(-1), array.true_extents.at(-1), height)}"></i>` : '';
  return `<div class="grid dense" role="grid" tabindex="0" aria-label="${title}" aria-rowcount="${rows}" aria-colcount="${columns}" data-plane="${plane}" style="--columns:${columns};--rows:${rows}">${
    ground}<div class="marks"></div><pre aria-hidden="true"> </pre></div>`;
};

const boxStyle = (row, column, width, height = 1) => `top:calc(${row}*var(--h));left:calc(${column}*var(--w));width:calc(${width}*var(--w));height:calc(${height}*var(--h))`;

const densePlanes = side => document.querySelectorAll(`#arrays [data-side=${side}] .dense`);

/// The numbers of all planes; those from `future` on are left out.
function writeDense(side, array, values, future) {
  const { columns, rows } = planesOf(array), texts = values.map(number), width = 1 + texts.reduce((most, text) => Math.max(most, text.length), 1);
  document.querySelector(`#arrays [data-side=${side}]`).style.setProperty('--w', `${width}ch`);
  densePlanes(side).forEach((grid, plane) => {
    let text = '';
    for (let row = 0, i = plane * rows * columns; row < rows; ++row, text += '\n')
      for (let column = 0; column < columns; ++column, ++i) {
        const shown = i < future ? texts[i] : '';
        text += shown.padStart((width + shown.length + 1) >> 1).padEnd(width);
      }
    const node = grid.lastChild.firstChild;
    if (node.data !== text) node.data = text;
  });
}

/// Boxes behind some cells of a side; `chosen` is the one that is told.
function markDense(side, lit, chosen) {
  const array = state.shown[side], { columns, rows } = planesOf(array), boxes = new Map();
  const add = (plane, box) => boxes.set(plane, (boxes.get(plane) ?? '') + box);
  const sorted = Int32Array.from(lit).sort();
  for (let i = 0, end; i < sorted.length; i = end) {
    const column = sorted[i] % columns;
    for (end = i + 1; sorted[end] === sorted[end - 1] + 1 && column + (end - i) < columns; ++end);
    const row = Math.floor(sorted[i] / columns);
    add(Math.floor(row / rows), `<i class="run" style="${boxStyle(row % rows, column, end - i)}"></i>`);
  }
  const planes = densePlanes(side);
  if (chosen !== undefined) {
    const column = chosen % columns, row = Math.floor(chosen / columns), plane = Math.floor(row / rows);
    planes[plane].dataset.at = chosen % (rows * columns);
    planes[plane].setAttribute('aria-activedescendant', 'chosen-cell');
    add(plane, `<div role="row" aria-rowindex="${row % rows + 1}"><div class="run chosen" role="gridcell" id="chosen-cell" aria-colindex="${column + 1}" aria-label="${array.names[chosen]} = ${number(array.values[chosen])}" style="${boxStyle(row % rows, column, 1)}"></div></div>`);
  }
  for (const plane of marked[side] ?? []) if (!boxes.has(plane) && planes[plane]) {
    planes[plane].querySelector('.marks').textContent = '';
    planes[plane].removeAttribute('aria-activedescendant');
  }
  for (const [plane, html] of boxes) planes[plane].querySelector('.marks').innerHTML = html;
  marked[side] = [...boxes.keys()];
}

const denseCell = (grid, at) => {
  const side = grid.closest('.planes').dataset.side, { columns, rows } = planesOf(state.shown[side]);
  return { side, index: Number(grid.dataset.plane) * rows * columns + at };
};

/// The cell under the pointer.
function denseCellAt(event, grid) {
  const box = grid.getBoundingClientRect(), { columns, rows } = planesOf(state.shown[grid.closest('.planes').dataset.side]);
  const column = Math.floor((event.clientX - box.left) / box.width * columns), row = Math.floor((event.clientY - box.top) / box.height * rows);
  return column < 0 || row < 0 || column >= columns || row >= rows ? null : denseCell(grid, row * columns + column);
}

function moveDense(event, grid) {
  const { columns, rows } = planesOf(state.shown[grid.closest('.planes').dataset.side]);
  const to = neighbour(event.key, Number(grid.dataset.at ?? 0), columns, rows * columns);
  if (event.key.startsWith('Arrow') || to >= 0) event.preventDefault();
  if (to >= 0) choose(denseCell(grid, to));
}
