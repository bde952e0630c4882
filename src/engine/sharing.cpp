#include "engine/sharing.hpp"

#include "support/integers.hpp"

#include <algorithm>
#include <array>

namespace faltung::internal {

namespace {

/// Tasks of each thread from on which one that is left over costs less than cutting them would.
constexpr std::int64_t many_tasks = 8;

std::int64_t boxes_of(const Problem& problem, const DenseForm& form) {
  std::int64_t boxes = problem.batch * problem.groups;
  for (std::size_t a = 0; a < 3; ++a) boxes *= ceil_divide(form.axes[a].positions, form.blocking.box[a]);
  return boxes;
}

/// Seconds until the last of the threads is done: tasks go round, and boxes along the axis differ by a row at most.
double seconds_shared(const Problem& problem, const TileLimits& tiles, std::int64_t threads, const DenseForm& form,
                      std::int64_t splits, std::size_t axis) {
  const std::int64_t tasks = boxes_of(problem, form) * splits;
  DenseWork work = dense_work(problem, form, tiles);
  work.packed *= real(splits);
  work.packed_rows *= real(splits);
  const std::int64_t positions = form.axes[axis].positions, box = form.blocking.box[axis];
  const double largest = real(box * ceil_divide(positions, box)) / real(positions);
  return dense_seconds(work, form, tiles) * (real(ceil_divide(tasks, threads)) + largest - 1) / real(tasks);
}

}  // namespace

std::int64_t share(const Problem& problem, const TileLimits& tiles, std::int64_t threads, DenseForm& form) {
  const Blocking whole = form.blocking;
  const std::int64_t fewest = boxes_of(problem, form);
  if (threads == 1 || fewest == 0 || fewest >= many_tasks * threads) return 1;
  // the outermost axis that a box spans: rows of its positions stay as they are
  const std::size_t axis = whole.box[0] > 1 ? 0 : whole.box[1] > 1 ? 1 : 2;
  const std::int64_t positions = form.axes[axis].positions, channels = form.shape.result_channels;
  const std::int64_t step = axis == 2 ? tiles.wide_vectors * tiles.lanes : 1;
  const std::int64_t chunks = ceil_divide(channels, whole.chunk);
  Blocking best = whole;
  std::int64_t best_splits = 1;
  double least = 0;
  for (std::int64_t cuts = ceil_divide(positions, whole.box[axis]), last = 0; cuts <= positions; ++cuts) {
    form.blocking = whole;
    form.blocking.box[axis] = std::min(whole.box[axis], round_up(ceil_divide(positions, cuts), step));
    const std::int64_t boxes = boxes_of(problem, form);
    if (boxes > many_tasks * threads && cuts > ceil_divide(positions, whole.box[axis])) break;
    if (boxes == last) continue;
    last = boxes;
    const std::int64_t most_splits = std::clamp<std::int64_t>(many_tasks * threads / boxes, 1, channels);
    for (std::int64_t splits = 1; splits <= most_splits; ++splits) {
      form.blocking.chunk = splits == 1 ? whole.chunk : ceil_divide(channels, ceil_divide(chunks, splits) * splits);
      if (ceil_divide(channels, form.blocking.chunk) % splits != 0) continue;
      const double seconds = seconds_shared(problem, tiles, threads, form, splits, axis);
      if (least > 0 && seconds >= least) continue;
      least = seconds;
      best = form.blocking;
      best_splits = splits;
    }
  }
  form.blocking = best;
  return best_splits;
}

}  // namespace faltung::internal
