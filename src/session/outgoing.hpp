// Responses on their way out: gathered, padded, signed, sealed, never copied once built.
#pragma once
#include <sys/uio.h>

#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "src/base/buffer.hpp"
#include "src/crypto/sealing.hpp"
#include "src/crypto/signing.hpp"
#include "src/session/reply.hpp"
#include "src/wire/smb2.hpp"

namespace bossa::session {

/// One piece of a frame: small bytes built here, or a payload buffer.
struct OutPiece {
  ByteVector small;
  Buffer big;
  [[nodiscard]] MutableBytes bytes() { return big.data() != nullptr ? big.mutable_bytes() : MutableBytes{small}; }
};

/// A finished frame: 4-byte length, then perhaps a transform header, then the messages. `sent`: how much of it has gone.
struct OutFrame {
  std::vector<OutPiece> pieces;
  std::size_t size = 0, sent = 0;
};

/// One response before framing.
struct OutMessage {
  wire::Header header;
  Reply reply;
  const crypto::Signer* signer = nullptr;  ///< sign with it, unless the frame is sealed
};

struct SealWith {
  const crypto::Sealer* sealer = nullptr;
  std::uint64_t session_id = 0;
};

/// Lays the responses of one compound into one frame: NextCommand and padding to 8, signatures (or, with `seal`, one transform
/// around all), [MS-SMB2] 3.3.4.1. `hook`, when set, sees each finished message (header, body) for the preauth hash.
[[nodiscard]] OutFrame build_frame(std::vector<OutMessage> messages, const SealWith& seal,
                                   const std::function<void(const wire::Header&, std::span<const Bytes>)>& hook = {});

/// The rest of up to `most` pieces of the queue as an iovec list for one gathered write.
[[nodiscard]] std::vector<iovec> gather(std::deque<OutFrame>& queue, std::size_t most);
/// Takes n sent bytes off the front.
void consume(std::deque<OutFrame>& queue, std::size_t n);

}  // namespace bossa::session
