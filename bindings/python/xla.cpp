// What a compiled JAX program calls: a plan on XLA's buffers, without Python. Plans are kept by the words that come
// with each call; weights are arrays like all others there and are packed in every call.
#include "arrays.hpp"
#include "module.hpp"
#include "wisdom.hpp"
#include "workspace.hpp"

#include <fmt/format.h>
#include <nanobind/stl/optional.h>

#include <optional>

#ifdef FALTUNG_WITH_XLA
#include <xla/ffi/api/ffi.h>

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#endif

namespace nb = nanobind;

namespace faltung::python {

#ifdef FALTUNG_WITH_XLA
namespace {

namespace ffi = xla::ffi;

std::shared_ptr<const Plan> plan_of(std::string_view problem, std::string_view algorithm, std::string_view accuracy,
                                    std::int64_t threads) {
  // 128 problems are more than a network has layers; a plan holds tables, no arrays
  constexpr std::size_t kept = 128;
  static std::mutex mutex;
  static std::unordered_map<std::string, std::shared_ptr<const Plan>> plans;
  const std::string key = fmt::format("{}|{}|{}|{}", problem, algorithm, accuracy, threads);
  const std::lock_guard lock(mutex);
  if (const auto found = plans.find(key); found != plans.end()) return found->second;
  if (plans.size() == kept) plans.clear();
  const Options options{.algorithm = std::string(algorithm),
                        .accuracy = parse_accuracy(accuracy),
                        .threads = static_cast<int>(threads),
                        .pack_each_run = true,
                        .wisdom = known_wisdom()};
  return plans[key] = std::make_shared<const Plan>(make_plan(parse_problem(problem), options));
}

template <class T>
constexpr ffi::DataType xla_type() {
  if constexpr (std::is_same_v<T, float>) return ffi::DataType::F32;
  if constexpr (std::is_same_v<T, double>) return ffi::DataType::F64;
  return ffi::DataType::S64;
}

template <class T>
TensorView<T> view_of(const ffi::AnyBuffer& buffer) {
  if (buffer.element_type() != xla_type<std::remove_const_t<T>>())
    throw ArgumentError("a buffer of another type than the problem's: convert it with astype");
  const auto extents = buffer.dimensions();
  return {static_cast<T*>(buffer.untyped_data()), Shape(extents.begin(), extents.end())};
}

/// `first` and `second`: the given array and the weights; of a weight gradient, the layer's input and the gradient of
/// its output. An empty bias is none.
ffi::Error run(ffi::AnyBuffer first, ffi::AnyBuffer second, ffi::AnyBuffer bias, ffi::Result<ffi::AnyBuffer> result,
               std::string_view problem, std::string_view algorithm, std::string_view accuracy, std::int64_t threads) {
  try {
    const auto plan = plan_of(problem, algorithm, accuracy, threads);
    with_type(plan->problem().dtype, [&]<class T>(Type<T>) {
      Workspace workspace(plan->workspace_bytes());
      const auto a = view_of<const T>(first), b = view_of<const T>(second);
      const auto to = view_of<T>(*result);
      if (plan->problem().unknown == Unknown::weights) {
        plan->run_weight_gradient(a, b, to, workspace.span());
        return;
      }
      const auto added = view_of<const T>(bias);
      const PackedWeights packed =
          plan->pack(b, std::span<const T>(added.data, static_cast<std::size_t>(element_count(added.shape))));
      plan->run(a, packed, to, workspace.span());
    });
    return ffi::Error::Success();
  } catch (const std::exception& error) {
    return ffi::Error::InvalidArgument(error.what());
  }
}

XLA_FFI_DEFINE_HANDLER(handler, run,
                       ffi::Ffi::Bind()
                           .Arg<ffi::AnyBuffer>()
                           .Arg<ffi::AnyBuffer>()
                           .Arg<ffi::AnyBuffer>()
                           .Ret<ffi::AnyBuffer>()
                           .Attr<std::string_view>("problem")
                           .Attr<std::string_view>("algorithm")
                           .Attr<std::string_view>("accuracy")
                           .Attr<std::int64_t>("threads"));

std::optional<nb::capsule> xla_handler() { return nb::capsule(reinterpret_cast<void*>(handler)); }

}  // namespace
#else
namespace {

std::optional<nb::capsule> xla_handler() { return std::nullopt; }

}  // namespace
#endif

void bind_xla(nb::module_& module) {
  module.def("xla_handler", &xla_handler,
             "What runs a plan in a compiled JAX program; None: built without XLA's headers.");
}

}  // namespace faltung::python
