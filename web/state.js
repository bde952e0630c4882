// What is shown, and how it stands in the address: #p=conv2d … &x=1,2,3 &w=r7 &g=… &f=padded &l=zh &t=preset.
const state = {
  fields: null,      // as core.open returns them
  sources: { input: '', weights: '', output_gradient: '' },  // '' counts 1, 2, 3, …; 'r7' random by seed 7; otherwise the numbers
  padded: false, preset: null,
  shown: null,       // the answer of core.open
  products: null, matrix: null,
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
  if (name === 'weights') return (fields.transposed ? fields.input_channels * fields.output_channels : fields.output_channels * fields.input_channels) / fields.groups * product(fields.kernel);
  if (name === 'input') return fields.input_channels * product(fields.input);
  return shown ? shown[fields.transposed ? 'fine' : 'coarse'].names.length : 0;
}

function numbersOf(name, source, size) {
  if (!source) return undefined;
  if (source[0] === 'r') return randomNumbers(Number(source.slice(1)), size);
  const numbers = source.split(/[\s,;]+/).filter(Boolean).map(Number);
  return numbers.every(Number.isFinite) ? numbers : undefined;
}

/// Opens the fields (or a problem string) in the core. Returns an error message, or null.
function open(request) {
  const known = request.problem ? core.open({ problem: request.problem }) : core.check(request);
  if (known.error) return known.error;
  const fields = request.problem ? known.fields : request;
  const numbers = {};
  for (const name of ['input', 'weights']) numbers[name] = numbersOf(name, state.sources[name], sizeOf(name, fields));
  let opened;
  if (state.sources.output_gradient && fields.gradient) {
    const bare = core.open({ ...request });
    if (bare.error) return bare.error;
    numbers.output_gradient = numbersOf('output_gradient', state.sources.output_gradient, sizeOf('output_gradient', fields, bare));
  }
  // numbers that no longer fit the sizes count again
  for (const name of Object.keys(numbers)) {
    const size = name === 'output_gradient' ? numbers[name]?.length : sizeOf(name, fields);
    if (numbers[name] && numbers[name].length !== size) { delete numbers[name]; state.sources[name] = ''; }
  }
  opened = core.open({ ...request, numbers });
  if (opened.error) return opened.error;
  state.shown = opened;
  state.fields = opened.fields;
  state.products = core.products();
  state.matrix = null;
  state.steps = opened.unknown === 'weights' ? opened.weights.names.length : opened.coarse.names.length;
  state.step = Math.min(state.step, state.steps);
  if (state.cell && state.cell.index >= opened[state.cell.side].names.length) state.cell = null;
  return null;
}

function writeAddress() {
  const part = new URLSearchParams({ p: state.shown.problem.replace(/ f32\b/, '') });
  for (const [key, name] of [['x', 'input'], ['w', 'weights'], ['g', 'output_gradient']]) if (state.sources[name]) part.set(key, state.sources[name]);
  if (state.padded) part.set('f', 'padded');
  if (state.pinned && state.cell) part.set('c', state.shown[state.cell.side].names[state.cell.index]);
  if (state.preset) part.set('t', state.preset);
  if (language !== 'en') part.set('l', language);
  history.replaceState(null, '', '#' + part);
}

/// The request that an address stands for.
function readAddress() {
  const part = new URLSearchParams(location.hash.slice(1));
  language = part.get('l') === 'zh' || (!part.has('l') && !part.has('p') && navigator.language.startsWith('zh')) ? 'zh' : 'en';
  state.sources = { input: part.get('x') ?? '', weights: part.get('w') ?? '', output_gradient: part.get('g') ?? '' };
  state.padded = part.get('f') === 'padded';
  state.preset = part.get('t');
  state.wantedCell = part.get('c');
  return part.get('p');
}
