// Numbers typed into the cells of the given arrays.

/// Which numbers a side of the problem shows, or undefined where they are computed.
function sourceOf(side) {
  const { shown, fields } = state;
  if (side === shown.unknown) return undefined;
  if (side === 'weights') return 'weights';
  return (side === 'fine') === fields.transposed ? 'output_gradient' : 'input';
}

/// The given number behind a cell: { name, side, index }, or null: computed, or in a margin.
function givenAt(cell) {
  let { side, index } = cell;
  if (side === 'matrix') return null;
  if (side === 'padded') {
    if (state.shown.unknown === 'fine') return null;
    index = trueIndex(state.shown.padded, index);
    side = 'fine';
  }
  const name = sourceOf(side);
  return name && index >= 0 ? { name, side, index } : null;
}

/// Puts a field over a cell. Returns false where there is no number to change.
function edit(cell, typed) {
  drawNow();
  const given = givenAt(cell);
  if (!given || !(cell.side in cells)) return false;
  choose(cell, true);
  const array = state.shown[given.side], elements = cells[cell.side];
  const { columns, rows } = planesOf(state.shown[cell.side]);
  const host = elements ? elements[cell.index] : densePlanes(cell.side)[Math.floor(cell.index / (rows * columns))];
  const field = document.createElement('input');
  field.className = 'editor';
  field.inputMode = 'decimal';
  field.ariaLabel = array.names[given.index];
  field.value = typed ?? String(array.values[given.index]);
  if (!elements) field.style.cssText = boxStyle(Math.floor(cell.index / columns) % rows, cell.index % columns, 1);
  let open = true;
  const close = keep => {
    if (!open) return;
    open = false;
    const value = Number(field.value), isNumber = field.value.trim() !== '' && Number.isFinite(value);
    field.remove();
    if (!keep || !isNumber) return;
    drawNow();  // nothing that changed meanwhile is taken back
    const { values } = state.shown[given.side];
    if (value !== values[given.index]) useSources({ [given.name]: values.map((old, i) => i === given.index ? value : old).join(',') });
  };
  field.addEventListener('keydown', event => {
    event.stopPropagation();
    if (!['Enter', 'Tab', 'Escape'].includes(event.key)) return;
    event.preventDefault();
    close(event.key !== 'Escape');
    host.focus({ preventScroll: true });
    if (event.key !== 'Tab') return;
    state.pinned = false;  // on to the next cell, as in a spreadsheet
    moveFocus({ target: host, key: event.shiftKey ? 'ArrowLeft' : 'ArrowRight', preventDefault() {} });
  });
  field.addEventListener('blur', () => close(true));
  host.append(field);
  field.focus();
  if (typed === undefined) field.select();
  return true;
}
