// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace skerry_sim {

/// Defects that the simulator must find, by their names. They live in doubles of policies and boards, not in the library.
enum class defect : std::uint8_t {
  lww_keep_mine_on_tie,
  tie_without_bytes,
  dot_reuse_after_restore,
  next_dot_from_prefix,
  clone_same_epoch,
  epoch_without_nonce,
  shallow_copy_context,
  reset_wins,
  reset_by_dot_replacement,
  reset_base_collected_early,
  bounded_negative_amount,
  counter_wraps,
  dominated_clock_shortcut,
  pairwise_mean,
  scalar_version_max,
  vector_without_dots,
  clock_accepts_2030,
  clock_follows_back_step,
  quarantine_advances_context,
  ttl_collects,
  remove_mark_collected_unstable,
  inner_revived_on_readd,
  exceptions_guessed_on_overflow,
  half_join_when_full,
  hash_order_in_digest,
  padding_in_digest,
  length_trusted,
  far_dot_allocates,
  redot_forgets_seq,
  server_rollback_ignored,
  batch_level_idempotence,
  coalesce_in_flight,
  restamp_keeps_dot,
  context_raised_at_first_chunk,
  send_before_persist_durable,
  unknown_kind_dropped,
  migration_reemits,
  twin_version_restart_ignored,
  back_propagation,
  no_decompose_filter,
  folded_epoch_counts_as_seen,
  retire_counts_twice,
  fence_ignored,
  owner_checked_at_write_only,
  refused_record_unseen,
  ack_before_persist,
  unscoped_partial,
  refusals_uncounted,
  new_life_when_refused,
  losers_kept,
  news_told_back,
  none,
};
inline constexpr std::array<std::string_view, 51> defect_names{"lww_keep_mine_on_tie",
                                                               "tie_without_bytes",
                                                               "dot_reuse_after_restore",
                                                               "next_dot_from_prefix",
                                                               "clone_same_epoch",
                                                               "epoch_without_nonce",
                                                               "shallow_copy_context",
                                                               "reset_wins",
                                                               "reset_by_dot_replacement",
                                                               "reset_base_collected_early",
                                                               "bounded_negative_amount",
                                                               "counter_wraps",
                                                               "dominated_clock_shortcut",
                                                               "pairwise_mean",
                                                               "scalar_version_max",
                                                               "vector_without_dots",
                                                               "clock_accepts_2030",
                                                               "clock_follows_back_step",
                                                               "quarantine_advances_context",
                                                               "ttl_collects",
                                                               "remove_mark_collected_unstable",
                                                               "inner_revived_on_readd",
                                                               "exceptions_guessed_on_overflow",
                                                               "half_join_when_full",
                                                               "hash_order_in_digest",
                                                               "padding_in_digest",
                                                               "length_trusted",
                                                               "far_dot_allocates",
                                                               "redot_forgets_seq",
                                                               "server_rollback_ignored",
                                                               "batch_level_idempotence",
                                                               "coalesce_in_flight",
                                                               "restamp_keeps_dot",
                                                               "context_raised_at_first_chunk",
                                                               "send_before_persist_durable",
                                                               "unknown_kind_dropped",
                                                               "migration_reemits",
                                                               "twin_version_restart_ignored",
                                                               "back_propagation",
                                                               "no_decompose_filter",
                                                               "folded_epoch_counts_as_seen",
                                                               "retire_counts_twice",
                                                               "fence_ignored",
                                                               "owner_checked_at_write_only",
                                                               "refused_record_unseen",
                                                               "ack_before_persist",
                                                               "unscoped_partial",
                                                               "refusals_uncounted",
                                                               "new_life_when_refused",
                                                               "losers_kept",
                                                               "news_told_back"};

struct skipped_defect {
  std::string_view name;
  std::string_view why;
};
/// Defects of parts that this build does not have, or that no world plays.
inline constexpr std::array<skipped_defect, 1> skipped_defects{{
    {"fifo_ignored", "it cannot be run: a policy that needs an order does not compile in a replica whose links promise none (tests/fail)"},
}};

/// Which of the worlds a defect lives in.
enum class habitat : std::uint8_t { replicas, queues, carry, twins, links, members, owners, disks, scopes, bytes };
[[nodiscard]] constexpr habitat habitat_of(defect d) noexcept {
  switch (d) {
    case defect::server_rollback_ignored:
    case defect::batch_level_idempotence:
    case defect::coalesce_in_flight: return habitat::queues;
    case defect::restamp_keeps_dot:
    case defect::context_raised_at_first_chunk:
    case defect::send_before_persist_durable:
    case defect::unknown_kind_dropped:
    case defect::migration_reemits: return habitat::carry;
    case defect::twin_version_restart_ignored: return habitat::twins;
    case defect::back_propagation:
    case defect::no_decompose_filter: return habitat::links;
    case defect::folded_epoch_counts_as_seen:
    case defect::retire_counts_twice:
    case defect::fence_ignored:
    case defect::reset_base_collected_early:
    case defect::remove_mark_collected_unstable:
    case defect::ttl_collects: return habitat::members;
    case defect::owner_checked_at_write_only:
    case defect::refused_record_unseen: return habitat::owners;
    case defect::ack_before_persist: return habitat::disks;
    case defect::unscoped_partial: return habitat::scopes;
    case defect::news_told_back: return habitat::bytes;
    default: return habitat::replicas;
  }
}

/// The one that is on.
inline defect planted = defect::none;
[[nodiscard]] inline bool on(defect d) noexcept { return planted == d; }

}  // namespace skerry_sim
