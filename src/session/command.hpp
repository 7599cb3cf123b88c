// One row per command says everything that the dispatcher must know. Server gets the rows as a span, so that session/ does not
// include commands/.
#pragma once
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string_view>

#include "src/base/result.hpp"
#include "src/session/reply.hpp"

namespace bossa::session {

struct Request;
template <class T> using Awaitable = boost::asio::awaitable<T>;
using Handler = Awaitable<Result<Reply>> (*)(Request&);

/// What must hold before the handler is called; the dispatcher answers for it.
enum class Needs : std::uint8_t { nothing, session, tree };

struct Command {
  std::uint16_t code = 0;
  std::string_view name;
  Needs needs = Needs::nothing;
  Handler handler = nullptr;
  /// Payload whose size the CreditCharge must cover, [MS-SMB2] 3.3.5.2.5; the larger of what comes and what goes.
  std::uint32_t (*payload_size)(Bytes body) = nullptr;
};

}  // namespace bossa::session
