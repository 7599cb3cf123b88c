// One client's conversation on one pipe: bind, calls, fragments. Bytes in, PDUs out; no I/O.
#pragma once
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "src/base/bytes.hpp"
#include "src/base/result.hpp"
#include "src/rpc/interface.hpp"
#include "src/rpc/pdu.hpp"
#include "src/rpc/service.hpp"

namespace bossa::rpc {

/// Not thread-safe: its owner serialises the calls. Memory is bounded: one partial fragment, one call of at most max_call bytes,
/// at most max_waiting bytes that were not looked at yet, and the answers to calls of which at most max_backlog bytes were waiting
/// when the last one was made. So is the work that one write or read causes: a call of 60 bytes may list thousands of shares.
/// Authentication inside RPC is not offered (the SMB session has done it): a bind that asks for it gets a bind_nak, a request
/// that carries a verifier gets an access-denied fault.
class Association {
public:
  static constexpr std::size_t max_call = 64u << 10, max_waiting = 64u << 10, max_backlog = 256u << 10, max_contexts = 32;
  static constexpr int answers_per_turn = 4;

  /// One presentation context the client has bound.
  struct Context {
    std::uint16_t id = 0;
    SyntaxId syntax;
    friend bool operator==(const Context&, const Context&) = default;
  };
  /// A call whose fragments are still coming in.
  struct PartialCall {
    std::uint32_t call_id = 0;
    std::uint16_t context_id = 0, operation = 0;
    ByteVector stub;
    friend bool operator==(const PartialCall&, const PartialCall&) = default;
  };
  /// Everything there is to know; plain data, may be written out and put back.
  struct State {
    std::string pipe; ///< name of the pipe it is on, for the bind_ack
    bool bound = false;
    bool broken = false; ///< a protocol error: no more input is taken
    std::uint16_t max_transmit = min_fragment;
    std::vector<Context> contexts;
    ByteVector input; ///< the beginning of a PDU whose rest has not come yet
    std::optional<PartialCall> call;
    ByteVector waiting; ///< PDUs whose turn comes when the answers to earlier ones were read; empty where output is
    std::deque<ByteVector> output; ///< PDUs not yet read, each a message of the pipe
    std::size_t read_offset = 0;   ///< how much of the first has been read
    std::size_t backlog = 0;       ///< bytes in output not yet read
    friend bool operator==(const State&, const State&) = default;
  };

  Association(std::string pipe, CallContext context) : context_(std::move(context)) { state_.pipe = std::move(pipe); }
  Association(State state, CallContext context) : state_(std::move(state)), context_(std::move(context)) {}

  /// Takes bytes written to the pipe: part of a PDU, one, or several; complete calls are made before it returns, on the caller's
  /// thread, except that after answers_per_turn of them the rest waits until those were read (a fault, if it is too long to wait).
  /// PIPE_DISCONNECTED: an earlier protocol error ended the conversation (what was answered may still be read).
  /// INSUFFICIENT_RESOURCES: the client does not read its answers; nothing was taken.
  Outcome write(Bytes bytes);

  struct Chunk {
    ByteVector data;
    bool more = false; ///< the message goes on: STATUS_BUFFER_OVERFLOW
  };
  /// At most max bytes of the next message (one PDU); nothing if there is none. With the last one it makes calls that waited.
  [[nodiscard]] std::optional<Chunk> read(std::size_t max);
  /// Bytes that could be read, all messages together.
  [[nodiscard]] std::size_t available() const { return state_.backlog; }
  /// Bytes of the client and for the client that are kept.
  [[nodiscard]] std::size_t held() const {
    return state_.backlog + state_.waiting.size() + state_.input.size() + (state_.call ? state_.call->stub.size() : 0);
  }
  [[nodiscard]] bool broken() const { return state_.broken; }
  [[nodiscard]] const State& state() const { return state_; }

private:
  [[nodiscard]] Bytes take_turn(Bytes bytes);
  void handle_input();
  void go_on();
  void handle_pdu(Bytes pdu);
  void handle_bind(const PduHeader& header, Bytes pdu);
  void handle_request(const PduHeader& header, Bytes pdu);
  void run_call(PartialCall call);
  [[nodiscard]] std::vector<ContextResult> judge_contexts(wire::Reader& reader, std::uint8_t count);
  [[nodiscard]] ContextResult judge_context(wire::Reader& reader);
  void send_bind_answer(const PduHeader& header, const BindFixed& bind, const std::vector<ContextResult>& results);
  void send_bind_nak(std::uint32_t call_id, std::uint16_t reason);
  void send_fault(std::uint32_t call_id, std::uint16_t context_id, std::uint32_t code, bool executed);
  void send_response(const PartialCall& call, Bytes stub);
  void send(PduHeader header, ByteVector body);
  void break_with_fault(std::uint32_t call_id, std::uint32_t code);

  State state_;
  CallContext context_;
};

} // namespace bossa::rpc
