// A number that is only a name: sums of products of names, printed as the article prints them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace faltung::internal {

/// A sum of terms; a default-made one is the empty sum, printed `0`. `K11·I11 + K12·I12`.
class Symbol {
 public:
  Symbol() = default;
  explicit Symbol(std::string name) : terms_{std::move(name)} {}

  std::string to_string() const;
  const std::vector<std::string>& terms() const { return terms_; }

  Symbol& operator+=(const Symbol& other);
  /// The product of two single names, `a·b`, in the order given.
  friend Symbol operator*(const Symbol& a, const Symbol& b);
  bool operator==(const Symbol&) const = default;

 private:
  std::vector<std::string> terms_;  // in the order they were added
};

/// Name of cell `index` (linear, row-major, from 0) of an array [channels..., extents...]: `K12`; a channel axis with
/// more than one channel shows, as `K2.3.12`; digits are set apart by commas once an extent is over nine: `K10,2`.
/// Counted from 1. `channels` axes of extent 1 are left out only when all of them are 1.
std::string cell_name(std::string_view letter, const std::vector<std::int64_t>& channels,
                      const std::vector<std::int64_t>& extents, std::int64_t index);

}  // namespace faltung::internal
