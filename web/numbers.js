// Numbers: typed as lists, counted, drawn by lot, or taken from a picture.
let drawnTyped = '';
const sideOfSource = name => name === 'weights' ? 'weights' : (name === 'input') === state.fields.transposed ? 'coarse' : 'fine';

/// What stands in the list of a source.
const listed = name => (name === 'bias' ? biasNumbers() ?? [] : state.shown[sideOfSource(name)].values).join(' ');

function renderTyped() {
  const names = { '': ['input', 'weights', 'bias'], input: ['output_gradient', 'weights'], weight: ['input', 'output_gradient'] }[state.fields.gradient];
  const titles = names.map(name => name === 'bias' ? say('biasNumbers') : say('numbersOf', titleOf(state.shown[sideOfSource(name)].title)));
  const place = document.getElementById('typed');
  if (drawnTyped !== titles.join()) place.innerHTML = names.map((name, i) => `<label>${titles[i]} <textarea rows="2" data-source="${name}" spellcheck="false"></textarea></label>`).join('');
  drawnTyped = titles.join();
  for (const area of place.querySelectorAll('textarea')) if (area !== document.activeElement) area.value = listed(area.dataset.source);
}

function useSources(sources) {
  state.sources = { ...state.sources, ...sources };
  showError(null);
  refresh();
}

/// A picture becomes the input: scaled to its size, one grey channel or red, green and blue.
async function usePicture(file) {
  const image = await createImageBitmap(file).catch(() => null), { fields } = state;
  if (!image) return showError(say('badPicture', file.name));
  const width = fields.input.at(-1), height = fields.input.at(-2) ?? 1, canvas = new OffscreenCanvas(width, height), pen = canvas.getContext('2d');
  pen.drawImage(image, 0, 0, width, height);
  const { data } = pen.getImageData(0, 0, width, height), numbers = [];
  const depth = fields.input.length > 2 ? fields.input[0] : 1;
  for (let channel = 0; channel < fields.input_channels; ++channel)
    for (let z = 0; z < depth; ++z)
      for (let i = 0; i < width * height; ++i)  // grey by ITU-R BT.601
        numbers.push(fields.input_channels === 3 ? data[4 * i + channel] : Math.round(0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]));
  useSources({ input: numbers.join(',') });
}

function watchNumbers() {
  document.getElementById('count').addEventListener('click', () => useSources({ input: '', weights: '', output_gradient: '' }));
  document.getElementById('random').addEventListener('click', () => {
    const seed = crypto.getRandomValues(new Uint16Array(1))[0];
    useSources({ input: `r${seed}`, weights: `r${seed + 1}`, output_gradient: `r${seed + 2}` });
  });
  document.getElementById('picture').addEventListener('change', event => { if (event.target.files[0]) usePicture(event.target.files[0]); });
  document.getElementById('typed').addEventListener('change', event => {
    const name = event.target.dataset.source, numbers = event.target.value.split(/[\s,;]+/).filter(Boolean), bias = name === 'bias';
    const size = bias ? state.fields.output_channels : state.shown[sideOfSource(name)].size, title = bias ? say('bias') : titleOf(state.shown[sideOfSource(name)].title);
    if (numbers.length && (numbers.length !== size || !numbers.every(text => Number.isFinite(Number(text))))) showError(say('badNumbers', numbers.length, title, size));
    else useSources({ [name]: numbers.join(',') });
  });
  const main = document.querySelector('main');
  main.addEventListener('dragover', event => { event.preventDefault(); main.classList.add('dropping'); });
  main.addEventListener('dragleave', () => main.classList.remove('dropping'));
  main.addEventListener('drop', event => {
    event.preventDefault();
    main.classList.remove('dropping');
    if (event.dataTransfer.files[0]) usePicture(event.dataTransfer.files[0]);
  });
}
