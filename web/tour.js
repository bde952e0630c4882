// The article's examples in its order, in both languages.
function renderTour() {
  const select = document.getElementById('preset');
  select.innerHTML = `<option value="">${say('free')}</option>` + presets.map(preset => `<option value="${preset.id}">${preset.item} · ${escaped(preset.title[language])}</option>`).join('');
  const at = presets.findIndex(preset => preset.id === state.preset), preset = presets[at];
  select.value = preset?.id ?? '';
  document.getElementById('tour-title').textContent = preset ? preset.title[language] : say('free');
  document.getElementById('tour-text').textContent = preset ? preset.text[language] : '';
  document.getElementById('tour-back').disabled = at === 0;
  document.getElementById('tour-next').disabled = at === presets.length - 1;
}

function showPreset(id) {
  const preset = presets.find(one => one.id === id);
  if (!preset) return;
  stop();
  state.sources = {};
  state.padded = preset.form === 'padded';
  showError(null);
  wanted = null;
  state.preset = id;
  state.step = Infinity;  // all of them
  state.cell = null;
  state.pinned = false;
  refresh({ problem: preset.problem });
}

function watchTour() {
  const move = by => showPreset(presets[Math.max(0, Math.min(presets.length - 1, presets.findIndex(one => one.id === state.preset) + by))].id);
  document.getElementById('tour-back').addEventListener('click', () => move(-1));
  document.getElementById('tour-next').addEventListener('click', () => move(1));
  document.getElementById('preset').addEventListener('change', event => showPreset(event.target.value));
  document.getElementById('language').addEventListener('change', event => { language = event.target.value; speak(); refresh(); });
}
