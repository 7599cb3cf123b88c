#include "migrate/share_list.hpp"

#include <algorithm>

#include "src/rpc/interface.hpp"
#include "src/rpc/ndr.hpp"
#include "src/rpc/pdu.hpp"

namespace bossa::migrate {
namespace {

constexpr std::uint16_t net_share_enum = 15;
constexpr std::uint32_t share_type_mask = 0x0FFFFFFF;  // without STYPE_SPECIAL and STYPE_TEMPORARY, [MS-SRVS] 2.2.2.4
constexpr std::size_t most_answer = 16u << 20;

ByteVector bind_pdu() {
  ByteVector out;
  wire::Writer writer(out);
  rpc::PduHeader header;
  header.type = rpc::PacketType::bind;
  header.fragment_length = rpc::PduHeader::size + 8 + 4 + 4 + 20 + 20;
  header.call_id = 1;
  writer(header);
  writer(rpc::BindFixed{rpc::max_fragment, rpc::max_fragment, 0});
  writer(std::uint32_t{1});  // one context, three reserved bytes
  writer(rpc::ContextElement{0, 1, 0, rpc::srvsvc().syntax});
  writer(rpc::ndr_syntax);
  return out;
}

// ServerName NULL; level 1, its union, an empty container; any length; no resume handle.
ByteVector enum_pdu() {
  constexpr std::uint32_t stub[] = {0, 1, 1, 0x00020000, 0, 0, 0xFFFFFFFF, 0};
  ByteVector out;
  wire::Writer writer(out);
  rpc::PduHeader header;
  header.type = rpc::PacketType::request;
  header.fragment_length = rpc::PduHeader::size + 8 + sizeof stub;
  header.call_id = 2;
  writer(header);
  writer(rpc::RequestFixed{sizeof stub, 0, net_share_enum});
  for (auto word : stub) writer(word);
  return out;
}

// One message of the pipe; a longer one goes on in READs.
Result<ByteVector> transceive(client::Tree& pipes, const client::File& pipe, const ByteVector& pdu) { return pipes.ioctl(pipe.id, wire::fsctl::pipe_transceive, pdu, rpc::max_fragment); }

// The stub of all fragments of the answer.
Result<ByteVector> answer_stub(client::Tree& pipes, const client::File& pipe, ByteVector message) {
  ByteVector stub;
  for (;;) {
    wire::Reader reader(message);
    auto header = reader.get<rpc::PduHeader>();
    (void)reader.get<rpc::ResponseFixed>();
    if (reader.ok && header.type == rpc::PacketType::fault) return fail(status::access_denied);
    if (!reader.ok || header.type != rpc::PacketType::response || header.auth_length != 0 || header.fragment_length != message.size()) return fail(status::invalid_network_response);
    auto rest = reader.rest();
    stub.insert(stub.end(), rest.begin(), rest.end());
    if ((header.flags & rpc::packet_flag::last) != 0) return stub;
    if (stub.size() > most_answer) return fail(status::invalid_network_response);
    auto next = pipes.read(pipe.id, 0, rpc::max_fragment);
    if (!next) return fail(next.error());
    message = std::move(*next);
  }
}

Result<std::vector<std::string>> names_in(const ByteVector& stub) {
  rpc::NdrReader in(stub);
  std::vector<std::uint32_t> types;
  std::vector<bool> has_name, has_comment;
  (void)in.u32(), (void)in.u32();  // level and union
  if (in.pointer()) {
    auto count = in.u32();
    if (in.pointer() && in.u32() != count) in.refuse();
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
      has_name.push_back(in.pointer());
      types.push_back(in.u32());
      has_comment.push_back(in.pointer());
    }
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < types.size() && in.ok(); ++i) {
    auto name = has_name[i] ? in.string() : std::string();
    if (has_comment[i]) (void)in.string();
    if ((types[i] & share_type_mask) == 0) names.push_back(std::move(name));
  }
  (void)in.u32(), (void)in.unique_u32();  // TotalEntries, ResumeHandle
  auto status = in.u32();
  if (!in.ok()) return fail(status::invalid_network_response);
  if (status != rpc::win_error::success) return fail(status::access_denied);
  std::ranges::sort(names);
  return names;
}

}  // namespace

Result<std::vector<std::string>> listed_shares(client::Session& session) {
  auto pipes = session.connect_tree("IPC$");
  if (!pipes) return fail(pipes.error());
  client::CreateOptions options;
  options.access = client::access::read_data | client::access::write_data;
  auto pipe = (*pipes)->create("srvsvc", options);
  if (!pipe) return fail(pipe.error());
  auto bound = transceive(**pipes, *pipe, bind_pdu());
  if (!bound) return fail(bound.error());
  auto answer = transceive(**pipes, *pipe, enum_pdu());
  if (!answer) return fail(answer.error());
  auto stub = answer_stub(**pipes, *pipe, std::move(*answer));
  (void)(*pipes)->close(pipe->id);
  if (!stub) return fail(stub.error());
  return names_in(*stub);
}

}  // namespace bossa::migrate
