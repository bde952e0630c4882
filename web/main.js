// Everything that follows from the state, and the numbers that are typed, drawn by lot or taken from a picture.
function renderOverlap() {
  const section = document.getElementById('overlap-section');
  section.hidden = state.shown.unknown !== 'fine';
  if (section.hidden) return;
  const map = core.overlap(), columns = map.extents.at(-1), high = Math.max(...map.count, 1);
  document.getElementById('verdict').textContent = map.verdict ?? map.error;
  document.getElementById('advice').innerHTML = (map.advice ?? []).map(line => `<li>${escaped(line)}</li>`).join('');
  document.getElementById('overlap').innerHTML = map.count.length > tableLimit ? '' : `<div class="grid${columns > 9 ? ' dense' : ''}" role="img" aria-label="${escaped(map.verdict)}" style="grid-template-columns:repeat(${columns},auto)">${
    map.count.map(count => `<div class="cell heat${count ? Math.ceil(4 * count / high) : 0}"><b>${count}</b></div>`).join('')}</div>`;
}

function renderCode() {
  document.getElementById('code').innerHTML = core.words().map(({ framework, code, missing, differs }) =>
    `<div><h3>${escaped(framework)}</h3>${code ? `<pre tabindex="0" aria-label="${escaped(framework)}">${escaped(code)}</pre>` : `<p>${say('noCode')}: ${escaped(missing)}</p>`}${
      differs.length ? `<p class="hint">${say('differs')}</p><ul>${differs.map(one => `<li><code>${escaped(one.words)}</code>: ${escaped(one.why)}</li>`).join('')}</ul>` : ''}</div>`).join('');
}

function renderTyped() {
  const names = state.fields.gradient === 'input' ? ['output_gradient', 'weights'] : state.fields.gradient === 'weight' ? ['input', 'output_gradient'] : ['input', 'weights'];
  const sideOf = name => name === 'weights' ? 'weights' : (name === 'input') === state.fields.transposed ? 'coarse' : 'fine';
  document.getElementById('typed').innerHTML = names.map(name => {
    const { title, values } = state.shown[sideOf(name)];
    return `<label>${say('numbersOf', titleOf(title))} <textarea rows="2" data-source="${name}" spellcheck="false">${values.join(' ')}</textarea></label>`;
  }).join('');
}

let late = null;
function render() {
  renderTour();
  renderFields();
  document.getElementById('problem').firstElementChild.textContent = state.shown.problem.replace(/ f32\b/, '');
  document.getElementById('stage-title').textContent = titleOf(state.shown[state.shown.unknown].title);
  showStep();
  light(state.cell);
  writeAddress();
  cancelAnimationFrame(late);  // what stands below the arrays may come a frame later
  late = requestAnimationFrame(() => { renderMatrix(); renderOverlap(); renderCode(); renderTyped(); light(state.cell); });
}

function useSources(sources) {
  state.sources = { ...state.sources, ...sources };
  showError(open(state.fields));
  render();
}

/// A picture becomes the input: scaled to its size, one grey channel or red, green and blue.
async function usePicture(file) {
  const image = await createImageBitmap(file), { fields } = state;
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
    const name = event.target.dataset.source, numbers = event.target.value.split(/[\s,;]+/).filter(Boolean);
    const size = event.target.defaultValue.split(' ').length, title = titleOf(state.shown[name === 'weights' ? 'weights' : (name === 'input') === state.fields.transposed ? 'coarse' : 'fine'].title);
    if (numbers.length !== size || !numbers.every(text => Number.isFinite(Number(text)))) showError(say('badNumbers', numbers.length, title, size));
    else useSources({ [name]: numbers.join(',') });
  });
  const main = document.querySelector('main');
  main.addEventListener('dragover', event => { event.preventDefault(); main.classList.add('dropping'); });
  main.addEventListener('dragleave', () => main.classList.remove('dropping'));
  main.addEventListener('drop', event => {
    event.preventDefault();
    main.classList.remove('dropping');
    const file = [...event.dataTransfer.files].find(one => one.type.startsWith('image/'));
    if (file) usePicture(file);
  });
  for (const radio of document.querySelectorAll('[name=form]')) radio.addEventListener('change', () => { state.padded = radio.value === 'padded' && radio.checked; choose(null); renderMatrix(); writeAddress(); });
}

function restore() {
  const problem = readAddress();
  document.getElementById('language').value = language;
  speak();
  const message = problem ? open({ problem }) : null;
  if (!problem || message) {
    showPreset(state.preset ?? presets[0].id);
    if (message) showError(message);
    return;
  }
  state.step = state.steps;
  const name = state.wantedCell;
  state.cell = null;
  for (const side of name ? sides : []) {
    const index = state.shown[side].names.indexOf(name);
    if (index >= 0) state.cell = { side, index }, state.pinned = true;
  }
  render();
}

unpacked(packedCore).then(wasmBinary => loadFaltung({ wasmBinary })).then(module => {
  wasm = module;
  watchTour();
  watchFields();
  watchCells();
  watchPlayer();
  watchNumbers();
  watchExport();
  window.addEventListener('hashchange', restore);
  restore();
  document.documentElement.dataset.ready = 'yes';
});
