// Step by step: one window, one stamp or one weight after the other.
let timer = null;
const stepMilliseconds = 900;  // time to read a short formula

function showStep() {
  const { step, steps } = state;
  document.getElementById('scrub').max = steps;
  document.getElementById('scrub').value = step;
  document.getElementById('step').textContent = say('steps', step, steps);
  const running = timer !== null, button = document.getElementById('play');
  button.textContent = running ? '⏸' : '▶';
  button.ariaLabel = button.title = say(running ? 'pause' : 'play');
  renderGrids();
}

/// What the last step that is shown computes, or scatters.
const stepCell = () => state.step > 0 ? { side: state.shown.unknown === 'weights' ? 'weights' : 'coarse', index: state.step - 1 } : null;

function goTo(step) {
  state.step = Math.max(0, Math.min(state.steps, step));
  showStep();
  writeAddress();
  choose(stepCell());
}

function stop() {
  clearInterval(timer);
  timer = null;
}

function watchPlayer() {
  const on = (id, work) => document.getElementById(id).addEventListener('click', work);
  on('first', () => { stop(); goTo(0); });
  on('before', () => { stop(); goTo(state.step - 1); });
  on('after', () => { stop(); goTo(state.step >= state.steps ? 1 : state.step + 1); });
  on('play', () => {
    if (timer !== null) stop();
    else {
      if (state.step >= state.steps) state.step = 0;
      timer = setInterval(() => { if (state.step >= state.steps) stop(), showStep(); else goTo(state.step + 1); }, stepMilliseconds);
      goTo(state.step + 1);
    }
    showStep();
  });
  document.getElementById('scrub').addEventListener('input', event => { stop(); goTo(Number(event.target.value)); });
}
