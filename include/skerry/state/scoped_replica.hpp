// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/core/keyed_hash.hpp>
#include <skerry/state/link.hpp>
#include <skerry/state/replica.hpp>

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::state {

/// A type S models `scope` when:
///   1. `name` names the scope to everybody, for ever: frames carry 32 bits of its hash;
///   2. `paths` is the schema of what belongs to it; a path belongs to exactly one scope, everywhere;
///   3. `limits`, if it is there, is how much room a node has for it (`limits::firmware` otherwise).
template <typename S>
concept scope = requires {
  typename S::paths;
  { S::name } -> std::convertible_to<std::string_view>;
};

/// What a frame carries in front: the hash of its scope's name.
template <scope S>
inline constexpr std::uint32_t scope_tag = [] {
  std::array<std::byte, 64> text{};
  const std::string_view name = S::name;
  std::size_t n = 0;
  for (; n < name.size() && n < text.size(); ++n) {
    text[n] = static_cast<std::byte>(name[n]);
  }
  return static_cast<std::uint32_t>(hash64(std::span<const std::byte>{text}.first(n)));
}();

namespace detail {

template <typename S>
struct scope_limits {
  using type = limits::firmware;
};
template <typename S>
requires requires { typename S::limits; }
struct scope_limits<S> {
  using type = typename S::limits;
};
template <typename... Schemas>
struct all_paths;
template <typename... Ps>
struct all_paths<schema<Ps...>> {
  using type = schema<Ps...>;
};
template <typename... Ps, typename... Qs, typename... More>
struct all_paths<schema<Ps...>, schema<Qs...>, More...> : all_paths<schema<Ps..., Qs...>, More...> {};

/// What the scopes of a node share.
struct scope_access {
  template <typename R>
  static void live_as(R& r, const identity& me, bool revive) noexcept {
    r.live_as(me, revive);
  }
  template <typename R>
  [[nodiscard]] static const identity& life_of(const R& r) noexcept {
    return r.identity_;
  }
  template <typename R>
  [[nodiscard]] static std::uint32_t known_generation(const R& r) noexcept {
    return r.greatest_generation();
  }
  template <typename R>
  [[nodiscard]] static bool room_for_life(const R& r) noexcept {
    return r.room_for_life();
  }
  template <typename To, typename From>
  static void set_clock(To& to, const From& from) noexcept {
    to.clock_ = from.clock_;
    to.wall_ = from.wall_;
  }
};

template <typename S>
struct scope_part {
  using replica_type = replica<typename S::paths, typename scope_limits<S>::type>;
  replica_type of{};
};

}  // namespace detail

/// The scopes that a node subscribes to, each a replica with its own context and event numbers; one identity and one clock for all.
///
/// A node that does not carry a scope knows nothing of it, so what it tells can never look as if that had been removed. Mutators answer
/// the delta with the scope's tag in front; `accept` and links take such frames and hand each to its scope, or refuse it untouched.
/// What a node has to know of its own past is one thing: when one scope shows that another life is needed, all begin it.
/// Input    paths name their scope by themselves; what is done to a scope as a whole goes by `with<S>`
/// Cost     the replicas, and the longest delta once more; per call some 200 bytes are copied to each other scope; no heap
/// Errors   those of `replica`; `absent` for a frame of a scope that is not carried here; `mismatch` for one with no tag of any
template <scope... Ss>
class scoped_replica : private detail::scope_part<Ss>... {
  static_assert(sizeof...(Ss) > 0 && sizeof...(Ss) <= 32, "a node carries between one and 32 scopes");
  using access = detail::scope_access;
  template <typename S>
  using part_of = typename detail::scope_part<S>::replica_type;
  template <typename P>
  static constexpr std::size_t carriers = (std::size_t{Ss::paths::template has<P> ? 1U : 0U} + ...);
  using every_path = typename detail::all_paths<typename Ss::paths...>::type;
  static_assert(every_path::size == (Ss::paths::size + ...), "a path belongs to exactly one scope");  // overlaps do not compile either
  static constexpr std::size_t count = sizeof...(Ss);
  static constexpr std::array<std::uint32_t, count> tags{scope_tag<Ss>...};
  static_assert(
      [] {
        for (std::size_t i = 0; i < count; ++i) {
          for (std::size_t j = 0; j < i; ++j) {
            if (std::popcount(tags[i] ^ tags[j]) < 4) {
              return false;
            }
          }
        }
        return true;
      }(),
      "the hashes of two names are too near each other to be told apart on the wire: call one of the scopes otherwise");
  static constexpr std::size_t largest(std::array<std::size_t, count> of) noexcept {
    std::size_t most = 0;
    for (const std::size_t n : of) {
      most = n > most ? n : most;
    }
    return most;
  }
  static constexpr std::size_t smallest(std::array<std::size_t, count> of) noexcept {
    std::size_t least = of[0];
    for (const std::size_t n : of) {
      least = n < least ? n : least;
    }
    return least;
  }
  template <typename S>
  static constexpr std::size_t index() noexcept {
    std::size_t at = 0;
    bool found = false;
    ((found = found || std::same_as<S, Ss>, at += found ? 0 : 1), ...);
    return at;
  }
  static constexpr std::size_t log_bytes = largest({part_of<Ss>::limits_type::log_bytes...});
  static constexpr std::size_t links_max = smallest({part_of<Ss>::limits_type::links_max...});

 public:
  using instant_t = std::common_type_t<typename part_of<Ss>::instant_t...>;
  static_assert((std::same_as<instant_t, typename part_of<Ss>::instant_t> && ...), "all scopes of a node tell the time alike");
  static constexpr std::size_t tag_bytes = 4;
  /// Some of the scopes, a bit each in their order.
  using scope_set = std::uint32_t;
  static constexpr scope_set all_scopes = count == 32 ? ~scope_set{0} : (scope_set{1} << count) - 1;
  template <typename... Some>
  static constexpr scope_set only = [] {
    scope_set set = 0;
    ((set |= scope_set{1} << index<Some>()), ...);
    return set;
  }();

  constexpr scoped_replica() noexcept = default;

  /// A first life, without a past, in every scope. `place` must be fresh.
  template <random_source Rng>
  [[nodiscard]] static status create(scoped_replica& place, std::uint64_t id, role as, epoch_rule rule, clock_limits clock, Rng& rng,
                                     instant_t now) {
    status s;
    ((s = s ? part_of<Ss>::create(place.template part<Ss>(), id, as, rule, clock, rng, now) : s), ...);
    place.follow(place.first());
    return s;
  }
  /// As of a replica: for a copy that shall live beside the original.
  template <random_source Rng>
  [[nodiscard]] status as_new_life(Rng& rng) {
    if (self() == actor{}) {
      return errc::needs_epoch;
    }
    if (!room_for_life()) {
      return errc::full;
    }
    identity me = access::life_of(first());
    me.renew(known_generation(), rng);
    (access::live_as(part<Ss>(), me, true), ...);
    return {};
  }
  /// The application has put older images back.
  status restored() noexcept {
    (void)first().restored();
    follow(first());
    return {};
  }
  void vouch(wall_ms wall) noexcept {
    first().vouch(wall);
    follow(first());
  }

  /// Who this node writes as, in every scope.
  [[nodiscard]] actor self() const noexcept { return first().self(); }
  [[nodiscard]] const hlc& clock() const noexcept { return first().clock(); }
  /// How many frames were of scopes that this node does not carry.
  [[nodiscard]] std::uint64_t not_carried() const noexcept { return not_carried_; }

  /// The replica of a scope, and the one that has a path: for reading.
  template <typename S>
  requires(std::same_as<S, Ss> || ...) [[nodiscard]] const auto& in() const noexcept { return part<S>(); }
  template <typename P>
  requires(carriers<P> == 1) [[nodiscard]] const auto& of() const noexcept { return part<scope_of<P>>(); }
  template <typename P, typename... Args>
  [[nodiscard]] decltype(auto) read(const Args&... args) const {
    return of<P>().template read<P>(args...);
  }

  /// `f(replica&)` does something to a scope as a whole: opens or stores its image, retires a member, acknowledges, restamps.
  template <typename S, typename F>
  requires(std::same_as<S, Ss> || ...) decltype(auto) with(F&& f) {
    struct settled {
      scoped_replica* node;
      ~settled() { node->follow(node->template part<S>()); }
    } at_the_end{this};
    return std::forward<F>(f)(part<S>());
  }
  /// `f(replica&) -> result<delta_view>` operates in a scope: a mutator, `collect`. The delta gets the scope's tag.
  template <typename S, typename F>
  requires(std::same_as<S, Ss> || ...) [[nodiscard]] result<delta_view> operate(F&& f) {
    if (first().in_doubt()) {
      if (!room_for_life()) {
        return errc::full;
      }
      identity me = access::life_of(first());
      me.renew(known_generation());
      (access::live_as(part<Ss>(), me, false), ...);
    }
    const result<delta_view> done = std::forward<F>(f)(part<S>());
    follow(part<S>());
    if (!done) {
      return done;
    }
    byte_writer out{frame_};
    out.u32(scope_tag<S>);
    for (const std::byte b : done.value().bytes()) {
      out.u8(static_cast<std::uint8_t>(b));
    }
    return delta_view{out.written()};
  }

  // The mutators of `replica`, in the scope that has the path.
  template <typename P, typename... Args>
  [[nodiscard]] result<delta_view> write(const value_t<P>& value, wall_ms wall, const Args&... args) {
    return at<P>([&](auto& r) { return r.template write<P>(value, wall, args...); });
  }
  template <typename P, typename... Args>
  [[nodiscard]] result<delta_view> remove(const Args&... args) {
    return at<P>([&](auto& r) { return r.template remove<P>(args...); });
  }
  template <typename P, typename... Args>
  [[nodiscard]] result<delta_view> clear(const Args&... args) {
    return at<P>([&](auto& r) { return r.template clear<P>(args...); });
  }
  template <typename P, std::integral Amount, typename... Args>
  [[nodiscard]] result<delta_view> inc(Amount amount, const Args&... args) {
    return at<P>([&](auto& r) { return r.template inc<P>(amount, args...); });
  }
  template <typename P, std::integral Amount, typename... Args>
  [[nodiscard]] result<delta_view> dec(Amount amount, const Args&... args) {
    return at<P>([&](auto& r) { return r.template dec<P>(amount, args...); });
  }
  template <typename P, typename... Args>
  [[nodiscard]] result<delta_view> reset(const Args&... args) {
    return at<P>([&](auto& r) { return r.template reset<P>(args...); });
  }
  template <typename P, typename... Args>
  [[nodiscard]] result<delta_view> add(const Args&... args) {
    return at<P>([&](auto& r) { return r.template add<P>(args...); });
  }
  template <typename P, typename... Args>
  [[nodiscard]] result<delta_view> enable(const Args&... args) {
    return at<P>([&](auto& r) { return r.template enable<P>(args...); });
  }
  template <typename P, typename... Args>
  [[nodiscard]] result<delta_view> disable(const Args&... args) {
    return at<P>([&](auto& r) { return r.template disable<P>(args...); });
  }
  template <typename P, typename Row, typename... Args>
  [[nodiscard]] result<delta_view> contribute(contributor whose, const Row& value, double weight, wall_ms wall, const Args&... args) {
    return at<P>([&](auto& r) { return r.template contribute<P>(whose, value, weight, wall, args...); });
  }

  /// Takes in a frame with a tag: from a file, a broker, a test.
  [[nodiscard]] result<receipt> accept(std::span<const std::byte> frame, instant_t now) {
    const result<std::size_t> which = scope_in(frame);
    if (!which) {
      return which.error();
    }
    result<receipt> taken{errc::absent};
    visit(which.value(), [&](auto& r) {
      taken = r.accept(frame.subspan(tag_bytes), now);
      follow(r);
    });
    return taken;
  }
  /// All that is known of a scope, as one frame; and its members' state.
  template <typename S>
  [[nodiscard]] status encode(byte_writer& out) const {
    out.u32(scope_tag<S>);
    return out.error() == errc::ok ? part<S>().encode(out) : status{out.error()};
  }
  template <typename S>
  [[nodiscard]] status write_fence(byte_writer& out) const {
    out.u32(scope_tag<S>);
    return out.error() == errc::ok ? part<S>().write_fence(out) : status{out.error()};
  }
  /// Takes over what another node knows of the scopes that both carry.
  template <typename... Theirs>
  [[nodiscard]] status join(const scoped_replica<Theirs...>& other) {
    status s;
    const auto one = [&]<typename S>() {
      if constexpr ((std::same_as<S, Theirs> || ...)) {
        s = s ? part<S>().join(other.template in<S>()) : s;
        follow(part<S>());
      }
    };
    (one.template operator()<Ss>(), ...);
    return s;
  }

  // Links: as those of a replica, one for all scopes. A scope that the peer does not carry falls silent after its first answer.
  /// which   the scopes that are spoken of
  [[nodiscard]] result<link_id> connect(std::uint64_t peer, link_options options, instant_t now,
                                        scope_set which = all_scopes) requires(links_max > 0) {
    if (options.mtu != 0 && options.mtu < link_options::least_mtu + tag_bytes) {
      return errc::invalid;
    }
    std::size_t place = links_max;
    for (std::size_t i = 0; i < links_max; ++i) {
      if ((links_[i].peer == peer && links_[i].taken) || (!links_[i].connected && (place == links_max || !links_[place].taken))) {
        place = i;
        if (links_[i].peer == peer && links_[i].taken) {
          break;
        }
      }
    }
    if (place == links_max) {
      return errc::full;
    }
    bundle& b = links_[place];
    b = {};
    b.peer = peer;
    b.taken = b.connected = true;
    b.which = which;
    b.options = options;
    status s;
    std::size_t i = 0;
    ((s = s && (which >> i & 1) != 0 ? open_link(part<Ss>(), b, i, now) : s, ++i), ...);
    if (!s) {
      disconnect(static_cast<link_id>(place));
      return s.error();
    }
    return static_cast<link_id>(place);
  }
  void disconnect(link_id id) noexcept requires(links_max > 0) {
    if (bundle* b = find(id)) {
      std::size_t i = 0;
      (((b->open >> i & 1) != 0 ? part<Ss>().disconnect(b->ids[i]) : static_cast<void>(0), ++i), ...);
      b->open = 0;
      b->connected = false;
    }
  }
  [[nodiscard]] result<std::size_t> poll(link_id id, instant_t now, std::span<std::byte> out) requires(links_max > 0) {
    bundle* b = find(id);
    if (b == nullptr) {
      return errc::absent;
    }
    const std::size_t mtu = b->options.mtu != 0 && b->options.mtu < out.size() ? b->options.mtu : out.size();
    const std::uint64_t left = b->options.contact_bytes == 0 ? mtu : b->options.contact_bytes - b->spent;
    const std::size_t room = left < mtu ? static_cast<std::size_t>(left) : mtu;
    if (b->refused && room >= 2 * tag_bytes) {
      byte_writer w{out};
      w.u32(b->refused_tag);
      w.u32(~b->refused_tag);
      b->refused = false;
      b->spent += 2 * tag_bytes;
      return w.written().size();
    }
    if (room <= tag_bytes) {
      return out.size() <= tag_bytes ? result<std::size_t>{errc::full} : result<std::size_t>{std::size_t{0}};
    }
    result<std::size_t> said{std::size_t{0}};
    for (std::size_t k = 0; k < count && said && said.value() == 0; ++k) {
      const std::size_t i = (b->next + k) % count;
      if ((b->open >> i & 1) == 0) {
        continue;
      }
      visit(i, [&](auto& r) {
        said = r.poll(b->ids[i], now, out.first(room).subspan(tag_bytes));
        follow(r);
      });
      if (said && said.value() > 0) {
        byte_writer w{out.first(tag_bytes)};
        w.u32(tags[i]);
        b->next = static_cast<std::uint8_t>((i + 1) % count);  // so that none waits for another one
        b->spent += said.value() + tag_bytes;
        return said.value() + tag_bytes;
      }
    }
    if (!said && said.error() == errc::full && room < mtu) {
      return std::size_t{0};  // the contact's bytes are spent
    }
    return said;
  }
  /// Errors  those of a replica's `receive`; `absent` for a frame of a scope that is not carried here: the peer is told
  [[nodiscard]] result<receipt> receive(link_id id, std::span<const std::byte> frame, instant_t now) requires(links_max > 0) {
    bundle* b = find(id);
    if (b == nullptr) {
      return errc::absent;
    }
    const result<std::size_t> which = scope_in(frame);
    const bool is_answer = is_refusal(frame);
    if (!which || (b->which >> which.value() & 1) == 0) {
      if (!is_answer && frame.size() > tag_bytes) {
        byte_reader in{frame};
        b->refused_tag = in.u32();
        b->refused = true;
      }
      return which ? errc::absent : which.error();
    }
    const std::size_t i = which.value();
    result<receipt> taken{errc::absent};
    visit(i, [&](auto& r) {
      if (is_answer) {
        if ((b->open >> i & 1) != 0) {
          r.disconnect(b->ids[i]);
          b->open &= ~(scope_set{1} << i);
        }
        taken = receipt{};
        return;
      }
      if ((b->open >> i & 1) == 0 && !open_link(r, *b, i, now)) {  // the peer carries it now
        return;
      }
      taken = r.receive(b->ids[i], frame.subspan(tag_bytes), now);
      follow(r);
    });
    return taken;
  }
  /// Which scopes the peer of a link has not said that it does not carry.
  [[nodiscard]] scope_set carried(link_id id) const noexcept {
    const auto at = static_cast<std::size_t>(id);
    return at < links_.size() ? links_[at].open : 0;
  }
  [[nodiscard]] deadline<instant_t> next_deadline() const noexcept {
    deadline<instant_t> soonest{};
    const auto consider = [&soonest](const deadline<instant_t>& d) {
      if (d && (!soonest || elapsed(d.value(), soonest.value()) < duration_t<instant_t>{})) {
        soonest = d;
      }
    };
    (consider(part<Ss>().next_deadline()), ...);
    return soonest;
  }

 private:
  struct bundle {
    std::uint64_t peer = 0;
    std::uint64_t spent = 0;
    link_options options{};
    std::array<link_id, count> ids{};
    scope_set which = 0;
    scope_set open = 0;
    std::uint32_t refused_tag = 0;  ///< of a scope that the peer speaks of and that is not carried here
    bool refused = false;
    bool taken = false;
    bool connected = false;
    std::uint8_t next = 0;
  };
  template <typename P>
  struct home {
    template <typename Head, typename... Tail>
    static constexpr auto find() noexcept {
      if constexpr (Head::paths::template has<P>) {
        return std::type_identity<Head>{};
      } else {
        return find<Tail...>();
      }
    }
    using type = typename decltype(find<Ss...>())::type;
  };
  template <typename P>
  using scope_of = typename home<P>::type;

  template <typename S>
  [[nodiscard]] constexpr part_of<S>& part() noexcept {
    return static_cast<detail::scope_part<S>&>(*this).of;
  }
  template <typename S>
  [[nodiscard]] constexpr const part_of<S>& part() const noexcept {
    return static_cast<const detail::scope_part<S>&>(*this).of;
  }
  template <typename Head, typename...>
  struct head_of {
    using type = Head;
  };
  [[nodiscard]] constexpr auto& first() noexcept { return part<typename head_of<Ss...>::type>(); }
  [[nodiscard]] constexpr const auto& first() const noexcept { return part<typename head_of<Ss...>::type>(); }
  template <typename F>
  constexpr void visit(std::size_t i, F&& f) {
    std::size_t at = 0;
    ((at++ == i ? static_cast<void>(f(part<Ss>())) : static_cast<void>(0)), ...);
  }
  template <typename P, typename F>
  [[nodiscard]] result<delta_view> at(F&& f) {
    static_assert(carriers<P> == 1, "this path is in none of the node's scopes");
    return operate<scope_of<P>>(std::forward<F>(f));
  }
  [[nodiscard]] std::uint32_t known_generation() const noexcept {
    std::uint32_t greatest = 0;
    ((greatest = access::known_generation(part<Ss>()) > greatest ? access::known_generation(part<Ss>()) : greatest), ...);
    return greatest;
  }
  [[nodiscard]] bool room_for_life() const noexcept { return (access::room_for_life(part<Ss>()) && ...); }
  /// What one scope has learnt of the time and of this node's own past holds in all.
  template <typename Part>
  void follow(const Part& from) noexcept {
    identity me = access::life_of(from);
    if (known_generation() > me.self().generation) {
      me.doubt();  // another scope knows of a later life
    }
    ((access::set_clock(part<Ss>(), from), access::live_as(part<Ss>(), me, false)), ...);
  }

  /// Whose frame it is. `truncated`; `absent` when the scope is not carried.
  [[nodiscard]] result<std::size_t> scope_in(std::span<const std::byte> frame) noexcept {
    if (frame.size() <= tag_bytes) {
      return errc::truncated;
    }
    byte_reader in{frame};
    const std::uint32_t tag = in.u32();
    for (std::size_t i = 0; i < count; ++i) {
      if (tags[i] == tag) {
        return i;
      }
    }
    ++not_carried_;
    return errc::absent;
  }
  /// "I do not carry this scope": its tag, and the tag's complement.
  [[nodiscard]] static bool is_refusal(std::span<const std::byte> frame) noexcept {
    byte_reader in{frame};
    const std::uint32_t tag = in.u32();
    return frame.size() == 2 * tag_bytes && in.u32() == ~tag;
  }
  [[nodiscard]] bundle* find(link_id id) noexcept {
    const auto at = static_cast<std::size_t>(id);
    return at < links_.size() && links_[at].connected ? &links_[at] : nullptr;
  }
  template <typename Part>
  [[nodiscard]] status open_link(Part& r, bundle& b, std::size_t i, instant_t now) noexcept {
    link_options mine = b.options;
    mine.mtu = mine.mtu == 0 ? 0 : mine.mtu - tag_bytes;
    mine.contact_bytes = 0;  // counted here, for all scopes together
    const result<link_id> opened = r.connect(b.peer, mine, now);
    if (!opened) {
      return opened.error();
    }
    b.ids[i] = opened.value();
    b.open |= scope_set{1} << i;
    return {};
  }

  array_of<bundle, links_max> links_{};
  std::array<std::byte, tag_bytes + log_bytes> frame_{};  ///< holds the last delta with its tag
  std::uint64_t not_carried_ = 0;
};

}  // namespace skerry::inline v0::state
