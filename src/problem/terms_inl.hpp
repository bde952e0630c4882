// The loops of Terms; included by terms.hpp only.
#pragma once

#include "problem/terms.hpp"

#include <algorithm>

namespace faltung::internal {

template <class Visit>
void Terms::by_tap(ChannelRange coarse_channels, ChannelRange fine_channels, Visit&& visit) const {
  const auto& [az, ay, ax] = axes_;
  const std::int64_t taps = az.kernel * ay.kernel * ax.kernel;
  const std::int64_t coarse_cells = az.coarse * ay.coarse * ax.coarse;
  const std::int64_t fine_cells = az.fine * ay.fine * ax.fine;
  const std::int64_t padded_cells = az.padded() * ay.padded() * ax.padded();
  const std::int64_t coarse_in_group = coarse_channels_ / groups_;
  const std::int64_t fine_in_group = fine_channels_ / groups_;

  for (std::int64_t oc = coarse_channels.begin; oc < coarse_channels.end; ++oc) {
    const std::int64_t first = oc / coarse_in_group * fine_in_group;  // fine channel that this group begins with
    const std::int64_t begin = std::max(first, fine_channels.begin);
    const std::int64_t end = std::min(first + fine_in_group, fine_channels.end);
    for (std::int64_t ic = begin; ic < end; ++ic) {
      std::int64_t tap = 0;
      for (std::int64_t kz = 0; kz < az.kernel; ++kz)
        for (std::int64_t ky = 0; ky < ay.kernel; ++ky)
          for (std::int64_t kx = 0; kx < ax.kernel; ++kx, ++tap) {
            Term term{};
            term.weight = (oc * fine_in_group + ic - first) * taps + (flip_ ? taps - 1 - tap : tap);
            term.coarse = oc * coarse_cells;
            for (std::int64_t cz = 0; cz < az.coarse; ++cz) {
              const std::int64_t pz = cz * az.stride + kz * az.dilation;
              const std::int64_t fz = source(0, pz);
              for (std::int64_t cy = 0; cy < ay.coarse; ++cy) {
                const std::int64_t py = cy * ay.stride + ky * ay.dilation;
                const std::int64_t fy = source(1, py);
                const bool row_inside = fz >= 0 && fy >= 0;
                const std::int64_t padded_row = ic * padded_cells + (pz * ay.padded() + py) * ax.padded();
                const std::int64_t fine_row = ic * fine_cells + (fz * ay.fine + fy) * ax.fine;
                std::int64_t px = kx * ax.dilation;
                for (std::int64_t cx = 0; cx < ax.coarse; ++cx, px += ax.stride, ++term.coarse) {
                  const std::int64_t fx = source(2, px);
                  term.padded = padded_row + px;
                  term.fine = row_inside && fx >= 0 ? fine_row + fx : -1;
                  visit(static_cast<const Term&>(term));
                }
              }
            }
          }
    }
  }
}

template <class Visit>
void Terms::by_position(Visit&& visit) const {
  const auto& [az, ay, ax] = axes_;
  const std::int64_t taps = az.kernel * ay.kernel * ax.kernel;
  const std::int64_t fine_cells = az.fine * ay.fine * ax.fine;
  const std::int64_t padded_cells = az.padded() * ay.padded() * ax.padded();
  const std::int64_t coarse_in_group = coarse_channels_ / groups_;
  const std::int64_t fine_in_group = fine_channels_ / groups_;

  Term term{};
  for (std::int64_t oc = 0; oc < coarse_channels_; ++oc) {
    const std::int64_t first = oc / coarse_in_group * fine_in_group;
    for (std::int64_t cz = 0; cz < az.coarse; ++cz)
      for (std::int64_t cy = 0; cy < ay.coarse; ++cy)
        for (std::int64_t cx = 0; cx < ax.coarse; ++cx, ++term.coarse)
          for (std::int64_t ic = first; ic < first + fine_in_group; ++ic) {
            std::int64_t tap = 0;
            for (std::int64_t kz = 0; kz < az.kernel; ++kz) {
              const std::int64_t pz = cz * az.stride + kz * az.dilation;
              const std::int64_t fz = source(0, pz);
              for (std::int64_t ky = 0; ky < ay.kernel; ++ky) {
                const std::int64_t py = cy * ay.stride + ky * ay.dilation;
                const std::int64_t fy = source(1, py);
                for (std::int64_t kx = 0; kx < ax.kernel; ++kx, ++tap) {
                  const std::int64_t px = cx * ax.stride + kx * ax.dilation;
                  const std::int64_t fx = source(2, px);
                  term.weight = (oc * fine_in_group + ic - first) * taps + (flip_ ? taps - 1 - tap : tap);
                  term.padded = ic * padded_cells + (pz * ay.padded() + py) * ax.padded() + px;
                  term.fine = fz >= 0 && fy >= 0 && fx >= 0 ? ic * fine_cells + (fz * ay.fine + fy) * ax.fine + fx : -1;
                  visit(static_cast<const Term&>(term));
                }
              }
            }
          }
  }
}

}  // namespace faltung::internal
