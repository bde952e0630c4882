// Everything that follows from the state, drawn once a frame.
let pending = null;  // what the next frame opens: fields, or { problem }
let frame = 0, late = 0;

/// Draws in the next frame, from other fields or from other numbers.
function refresh(request) {
  pending = request ?? pending ?? state.fields;
  if (!frame) frame = requestAnimationFrame(draw);
}

/// What waits for the next frame, at once: before anything is derived from what is shown.
function drawNow() {
  if (!frame) return;
  cancelAnimationFrame(frame);
  draw();
}

function draw() {
  const request = pending;
  pending = null;
  frame = 0;
  const message = open(request);
  if (message) showError(message);
  else render();
}

function renderOverlap() {
  const section = document.getElementById('overlap-section');
  section.hidden = state.shown.unknown !== 'fine';
  if (section.hidden) return;
  const map = core.overlap(), columns = map.extents?.at(-1), high = (map.count ?? []).reduce((most, count) => Math.max(most, count), 1);
  document.getElementById('verdict').textContent = translated(map.verdict ?? map.error);
  document.getElementById('advice').innerHTML = (map.advice ?? []).map(line => `<li>${escaped(translated(line))}</li>`).join('');
  document.getElementById('overlap').innerHTML = !map.count || map.count.length > tableLimit ? '' : `<div class="grid${columns > 9 ? ' small' : ''}" role="img" aria-label="${escaped(translated(map.verdict))}" style="grid-template-columns:repeat(${columns},auto)">${
    map.count.map(count => `<div class="cell heat${count ? Math.ceil(4 * count / high) : 0}"><b>${count}</b></div>`).join('')}</div>`;
}

function renderCode() {
  document.getElementById('code').innerHTML = core.words().map(({ framework, code, missing, differs }) =>
    `<div><h3>${escaped(framework)}</h3>${code ? `<pre tabindex="0" aria-label="${escaped(framework)}">${escaped(code)}</pre>` : `<p>${say('noCode')}: ${escaped(translated(missing))}</p>`}${
      differs.length ? `<p class="hint">${say('differs')}</p><ul>${differs.map(one => `<li><code>${escaped(translated(one.words))}</code>: ${escaped(translated(one.why))}</li>`).join('')}</ul>` : ''}</div>`).join('');
}

/// `y: 1 + (3 + 1 + 1 − 2) // 2 = 2`, once where the axes are alike.
function renderSizes() {
  const { fields } = state, rank = fields.kernel.length;
  const lines = fields.kernel.map((_, a) => {
    const [before, after] = fields.padding[a], span = spanOf(a), size = fields.input[a], extra = fields.output_padding[a], stride = fields.stride[a];
    const out = state.shown[fields.transposed ? 'fine' : 'coarse'].extents[a];
    return fields.transposed ? `(${size} − 1)·${stride} + ${span} − ${before} − ${after}${extra ? ` + ${extra}` : ''} = ${out}` : `1 + (${size} + ${before} + ${after} − ${span}) // ${stride} = ${out}`;
  });
  const alike = lines.every(line => line === lines[0]);
  document.getElementById('sizes').textContent = `${say('size')}: ${say(fields.transposed ? 'sizeTransposed' : 'sizeConvolution')}${fields.output_padding.some(Boolean) ? ` + ${say('extra')}` : ''} = ${alike ? lines[0] : lines.map((line, a) => `${axisNames(rank)[a]}: ${line}`).join(';  ')}`;
}

function render() {
  renderTour();
  renderFields();
  document.getElementById('problem').firstElementChild.textContent = state.shown.problem.replace(/ f32\b/, '');
  document.getElementById('stage-title').textContent = titleOf(state.shown[state.shown.unknown].title);
  renderSizes();
  showStep();
  light(state.cell);
  writeAddress();
  renderLate();
}

/// What stands below the arrays may come a frame later.
function renderLate() {
  cancelAnimationFrame(late);
  late = requestAnimationFrame(() => {
    renderMatrix();
    renderSpread();
    renderOverlap();
    renderCode();
    renderTyped();
    renderExport();
    light(state.cell);
  });
}

function restore() {
  stop();
  pending = wanted = null;
  const problem = readAddress();
  document.getElementById('language').value = language;
  speak();
  const message = problem ? open({ problem }) : null;
  if (!problem || message) {
    showPreset(presets.some(one => one.id === state.preset) ? state.preset : presets[0].id);
    if (message) showError(message);
    return;
  }
  showError(null);
  const name = state.wantedCell;
  state.cell = name ? cellNamed(name) : state.step < state.steps ? stepCell() : null;
  state.pinned = Boolean(name && state.cell);
  render();
}

unpacked(packedCore).then(wasmBinary => loadFaltung({ wasmBinary })).then(module => {
  wasm = module;
  watchTour();
  watchFields();
  watchCells();
  watchPlayer();
  watchNumbers();
  watchForm();
  watchPicture();
  watchExport();
  window.addEventListener('hashchange', restore);
  restore();
  document.documentElement.dataset.ready = 'yes';
}).catch(error => {
  speak();
  showError(say('cannotStart', error.message));
});
