// What is shown, and how it stands in the address: #p=conv2d … &x=1,2,3 &w=r7 &g=… &b=… &f=padded &c=O11 &s=2 &l=zh &t=preset.
const state = {
  fields: null,      // as core.open returns them
  sources: {},       // input, weights, output_gradient, bias: '' counts 1, 2, 3, … (of the bias: none); 'r7' random by seed 7; otherwise the numbers
  padded: false, preset: null,
  shown: null,       // the answer of core.open
  products: null,
  cell: null, pinned: false, step: 0,
};

/// Whole numbers from −3 to 3 by a seed (mulberry32): sums are exact.
function randomNumbers(seed, count) {
  const numbers = [];
  for (let i = 0; i < count; ++i) {
    seed = (seed + 0x6D2B79F5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    numbers.push((((t ^ (t >>> 14)) >>> 0) % 7) - 3);
  }
  return numbers;
}

const product = list => list.reduce((a, b) => a * b, 1);

/// Cells of the array that a source fills, from the fields.
function sizeOf(name, fields, shown) {
  if (name === 'bias') return fields.gradient ? 0 : fields.output_channels;
  if (name === 'weights') return (fields.transposed ? fields.input_channels * fields.output_channels : fields.output_channels * fields.input_channels) / fields.groups * product(fields.kernel);
  if (name === 'input') return fields.input_channels * product(fields.input);
  return shown ? cellsOf(shown[fields.transposed ? 'fine' : 'coarse']) : 0;
}
const cellsOf = array => product(array.channels) * product(array.extents);

function numbersOf(name, source, size) {
  if (!source) return undefined;
  if (source[0] === 'r') return randomNumbers(Number(source.slice(1)), size);
  const numbers = source.split(/[\s,;]+/).filter(Boolean).map(Number);
  return numbers.every(Number.isFinite) ? numbers : undefined;
}

/// The numbers of the bias; undefined: none.
const biasNumbers = () => numbersOf('bias', state.sources.bias, sizeOf('bias', state.fields));

/// The arrays with their sizes and numbers; names are fetched when somebody looks.
function withNumbers(opened) {
  for (const side of sides) {
    const array = opened[side];
    let names;
    array.size = cellsOf(array);
    array.values = core.values(side, array.size);
    Object.defineProperty(array, 'names', { get: () => names ??= core.names(side) });
  }
  return opened;
}

/// Opens the fields (or a problem string) in the core. Returns an error message, or null.
function open(request) {
  const known = request.problem ? core.open({ problem: request.problem }) : core.check(request);
  if (known.error) return known.error;
  const fields = request.problem ? known.fields : request;
  const numbers = {};
  for (const name of ['input', 'weights', ...fields.gradient ? [] : ['bias']]) numbers[name] = numbersOf(name, state.sources[name], sizeOf(name, fields));
  let bare = null;
  if (state.sources.output_gradient && fields.gradient) {
    bare = core.open({ ...request });
    if (bare.error) return bare.error;
    numbers.output_gradient = numbersOf('output_gradient', state.sources.output_gradient, sizeOf('output_gradient', fields, bare));
  }
  // numbers that no longer fit the sizes count again
  for (const name of Object.keys(numbers)) {
    if (numbers[name] && numbers[name].length !== sizeOf(name, fields, bare)) { delete numbers[name]; state.sources[name] = ''; }
  }
  const opened = core.open({ ...request, numbers });
  if (opened.error) return opened.error;
  state.shown = withNumbers(opened);
  state.fields = opened.fields;
  state.products = core.products();
  state.steps = opened.unknown === 'weights' ? opened.weights.size : opened.coarse.size;
  state.step = Math.min(state.step, state.steps);
  if (state.cell && (state.cell.side === 'matrix' || state.cell.index >= opened[state.cell.side].size)) state.cell = null;
  return null;
}

/// `O12`, or `O12~I13` for an entry of the matrix.
function cellName(cell) {
  if (cell.side !== 'matrix') return state.shown[cell.side].names[cell.index];
  const [rowSide, columnSide] = matrixSides();
  return `${state.shown[rowSide].names[cell.r]}~${state.shown[columnSide].names[cell.c]}`;
}

function cellNamed(name) {
  const at = (side, wanted) => state.shown[side].names.indexOf(wanted);
  if (name.includes('~')) {
    const [rowSide, columnSide] = matrixSides(), [row, column] = name.split('~'), r = at(rowSide, row), c = at(columnSide, column);
    return r >= 0 && c >= 0 ? { side: 'matrix', r, c } : null;
  }
  for (const side of sides) if (at(side, name) >= 0) return { side, index: at(side, name) };
  return null;
}

const addressMilliseconds = 300;  // browsers refuse more than some 100 changes in 30 seconds
let addressTimer = null, lastAddress = '';

/// Writes the address at once, but a stream of changes only now and then, and at its end.
function writeAddress() {
  if (addressTimer !== null) {
    addressTimer.again = true;
    return;
  }
  putAddress();
  addressTimer = { again: false };
  setTimeout(() => {
    const { again } = addressTimer;
    addressTimer = null;
    if (again) writeAddress();
  }, addressMilliseconds);
}

function putAddress() {
  if (location.hash !== lastAddress) return;  // somebody wrote another one, which is about to be read
  const part = new URLSearchParams({ p: state.shown.problem.replace(/ f32\b/, '') });
  for (const [key, name] of [['x', 'input'], ['w', 'weights'], ['g', 'output_gradient'], ['b', 'bias']]) if (state.sources[name]) part.set(key, state.sources[name]);
  if (state.padded) part.set('f', 'padded');
  if (state.pinned && state.cell) part.set('c', cellName(state.cell));
  if (state.step < state.steps) part.set('s', state.step);
  if (state.preset) part.set('t', state.preset);
  if (language !== 'en') part.set('l', language);
  history.replaceState(null, '', '#' + part);
  lastAddress = location.hash;
}

/// The request that an address stands for.
function readAddress() {
  lastAddress = location.hash;
  const part = new URLSearchParams(location.hash.slice(1));
  language = part.get('l') === 'zh' || (!part.has('l') && !part.has('p') && navigator.language.startsWith('zh')) ? 'zh' : 'en';
  state.sources = { input: part.get('x') ?? '', weights: part.get('w') ?? '', output_gradient: part.get('g') ?? '', bias: part.get('b') ?? '' };
  state.padded = part.get('f') === 'padded';
  state.preset = part.get('t');
  state.wantedCell = part.get('c');
  state.step = part.has('s') ? Math.max(0, Math.trunc(Number(part.get('s'))) || 0) : Infinity;
  return part.get('p');
}
