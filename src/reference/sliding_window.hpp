// The definition: convolution and its transpose by sliding a window, literal and obvious; the oracle for everything
// else.
//
// One visitor of the terms of f = c·s + k·d − p for each unknown. Strict sums: bias first, then terms in the order of
// Terms::by_tap, each by a fused multiply-add. A transposed convolution adds into the temporary (padded) output with
// the bias in the kept cells, then the margin is folded onto the cells it copies, in row-major order, or dropped
// (zeros). Source: Dumoulin & Visin, "A guide to convolution arithmetic for deep learning", 2016, sections 2 and 4. Not
// for speed.
#pragma once

#include <faltung/problem.hpp>

#include "problem/terms.hpp"

#include <cstdint>
#include <optional>

namespace faltung::internal {

// T: float, double, std::int64_t (checked: OverflowError) or Symbol. Arrays are whole batches, row-major; `bias` may be
// null. `terms` is Terms(problem), made beforehand so that nothing is allocated here. `channels` restricts the work to
// some channels of the unknown array (weights: their coarse channels), so that threads can share it.

/// coarse = bias + A · fine
template <class T>
void sliding_window_coarse(const Problem& problem, const Terms& terms, const T* fine, const T* weights, const T* bias,
                           T* coarse, std::optional<ChannelRange> channels = {});

/// fine = bias + Aᵀ · coarse. `temporary`: one sample of problem.padded_shape().
template <class T>
void sliding_window_fine(const Problem& problem, const Terms& terms, const T* coarse, const T* weights, const T* bias,
                         T* fine, T* temporary, std::optional<ChannelRange> channels = {});

/// weights[k] = Σ_c coarse[c] · fine[c·s + k·d − p]. A fixed tree: `weight_gradient_block` consecutive coarse positions
/// of a sample are summed one after the other from 0, then the block sums, in the order of sample and block.
inline constexpr std::int64_t weight_gradient_block = 256;
template <class T>
void sliding_window_weights(const Problem& problem, const Terms& terms, const T* fine, const T* coarse, T* weights,
                            std::optional<ChannelRange> channels = {});

}  // namespace faltung::internal
