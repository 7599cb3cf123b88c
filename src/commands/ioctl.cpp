// IOCTL, [MS-SMB2] 3.3.5.15.
#include <boost/asio/ip/address.hpp>

#include "src/base/unicode.hpp"
#include "src/commands/file_ioctl.hpp"
#include "src/commands/pipes.hpp"
#include "src/commands/validate_negotiate.hpp"

namespace bossa::commands {

namespace {

constexpr std::uint32_t is_fsctl = 1;

Result<Reply> answer(const wire::IoctlRequest& ioctl, const IoctlOutput& result) {
  wire::IoctlResponse response;
  response.ctl_code = ioctl.ctl_code;
  response.file_id = ioctl.file_id;
  response.input_offset = response.output_offset = wire::header_size + wire::fixed_size<wire::IoctlResponse>();
  response.output_count = static_cast<std::uint32_t>(result.output.size());
  Reply reply(response, result.output);
  reply.status = result.status;
  return reply;
}

// [MS-SMB2] 2.2.32.5: one entry of 152 bytes for each address.
void append_interface(ByteVector& out, const session::NetworkInterface& interface, bool last) {
  boost::system::error_code error;
  auto address = boost::asio::ip::make_address(interface.address, error);
  if (error) return;
  wire::Writer writer{out};
  auto start = writer.size();
  writer(std::uint32_t{last ? 0u : 152u});
  writer(interface.index);
  writer(std::uint32_t{interface.rss_capable ? 1u : 0u});
  writer(std::uint32_t{0});
  writer(interface.link_speed);
  if (address.is_v4()) {
    writer(std::uint16_t{2});  // InterNetwork; port 0
    writer(std::uint16_t{0});
    writer(address.to_v4().to_bytes());
  } else {
    writer(std::uint16_t{0x17});
    writer(std::uint16_t{0});
    writer(std::uint32_t{0});
    writer(address.to_v6().to_bytes());
    writer(std::uint32_t{0});  // scope ids of the server mean nothing to a client
  }
  writer.zeros(start + 152 - writer.size());
}

Result<IoctlOutput> interfaces(Request& request, std::uint32_t max_output) {
  if (!request.settings->multichannel) return fail(status::not_supported);  // [MS-SMB2] 3.3.5.15.11
  auto all = request.server.interfaces();
  if (request.connection.dialect() < policy::Dialect::smb3_00) return fail(status::invalid_device_request);
  // The loopback device is no way to reach this server but for a client that came over it.
  auto loops = [](const std::string& address) { return address.starts_with("127.") || address == "::1"; };
  if (!loops(request.connection.state.client_address)) std::erase_if(all, [&](const auto& one) { return loops(one.address); });
  if (all.size() * 152 > max_output) return fail(status::buffer_too_small);
  IoctlOutput result;
  for (std::size_t i = 0; i < all.size(); ++i) append_interface(result.output, all[i], i + 1 == all.size());
  return result;
}

Result<IoctlOutput> pipe_peek(const Open& open, std::uint32_t max_output) {
  if (max_output < 16) return fail(status::buffer_too_small);
  IoctlOutput result;
  wire::Writer writer{result.output};
  writer(std::uint32_t{3});  // connected
  writer(static_cast<std::uint32_t>(open.pipe->available()));
  writer(std::uint32_t{open.pipe->next_message() ? 1u : 0u});
  writer(static_cast<std::uint32_t>(open.pipe->next_message()));
  return result;
}

// FSCTL_PIPE_WAIT names a pipe, not an open; every pipe there is always has a free instance. [MS-FSCC] 2.3.49.
Result<IoctlOutput> pipe_wait(Bytes input) {
  wire::Reader reader{input};
  reader.skip(8);
  auto length = reader.get<std::uint32_t>();
  reader.skip(2);
  auto name = utf8_from_utf16le(reader.take(length));
  if (!reader.ok || !name) return fail(status::invalid_parameter);
  auto pipe = ipc::open_pipe(*name, {});
  if (!pipe) return fail(pipe.error());
  return IoctlOutput{};
}

Awaitable<Result<IoctlOutput>> on_pipe(Request& request, std::shared_ptr<Open> open, const wire::IoctlRequest& ioctl, Bytes input) {
  if (ioctl.ctl_code == wire::fsctl::pipe_peek) co_return pipe_peek(*open, ioctl.max_output_response);
  if (ioctl.ctl_code != wire::fsctl::pipe_transceive) co_return fail(status::not_supported);
  auto read = co_await transceive(request, open, input, ioctl.max_output_response);
  if (!read) co_return fail(read.error());
  co_return IoctlOutput{std::move(read->data), read->more ? status::buffer_overflow : status::success};
}

Awaitable<Result<IoctlOutput>> on_file(Request& request, std::shared_ptr<Open> open, const wire::IoctlRequest& ioctl, Bytes input) {
  using namespace wire::fsctl;
  switch (ioctl.ctl_code) {
    case srv_request_resume_key:
      if (ioctl.max_output_response < 32) co_return fail(status::buffer_too_small);
      co_return resume_key(*open);
    case srv_copychunk:
    case srv_copychunk_write:
      if (ioctl.max_output_response < 12) co_return fail(status::invalid_parameter);
      co_return co_await copy_chunks(request, open, input, ioctl.ctl_code == srv_copychunk_write);
    case wire::fsctl::set_sparse: co_return co_await commands::set_sparse(request, *open, input);
    case wire::fsctl::set_zero_data: co_return co_await commands::set_zero_data(request, *open, input);
    case wire::fsctl::query_allocated_ranges:
      co_return co_await commands::query_allocated_ranges(request, *open, input, ioctl.max_output_response);
    case wire::fsctl::file_level_trim: co_return co_await commands::file_level_trim(request, *open, input);
    case wire::fsctl::srv_enumerate_snapshots: co_return co_await commands::enumerate_snapshots(request, *open, ioctl.max_output_response);
    case lmr_request_resiliency: co_return request_resiliency(request, *open, input);
    case wire::fsctl::duplicate_extents: co_return co_await commands::duplicate_extents(request, open, input);
    case create_or_get_object_id:
      if (ioctl.max_output_response < 64) co_return fail(status::buffer_too_small);
      co_return object_id(*open);
    case get_compression: {
      if (ioctl.max_output_response < 2) co_return fail(status::invalid_parameter);
      co_return IoctlOutput{wire::build(std::uint16_t{0})};  // COMPRESSION_FORMAT_NONE
    }
    case set_compression: {
      auto format = wire::parse_plain<std::uint16_t>(input);
      if (!format) co_return fail(format.error());
      if (!open->may(access::write_data)) co_return fail(status::access_denied);
      if (*format != 0) co_return fail(status::not_supported);
      co_return IoctlOutput{};
    }
    case wire::fsctl::get_reparse_point: co_return co_await commands::get_reparse_point(request, *open, ioctl.max_output_response);
    case wire::fsctl::set_reparse_point: co_return co_await commands::set_reparse_point(request, *open, input);
    case wire::fsctl::delete_reparse_point: co_return co_await commands::delete_reparse_point(request, *open, input);
    case pipe_transceive: co_return fail(status::not_supported);
    default: co_return fail(status::invalid_device_request);
  }
}

// Those whose FileId must be all ones, [MS-SMB2] 2.2.31.
bool concerns_no_open(std::uint32_t code) {
  using namespace wire::fsctl;
  return code == dfs_get_referrals || code == dfs_get_referrals_ex || code == query_network_interface_info ||
         code == validate_negotiate_info || code == wire::fsctl::pipe_wait;
}

Awaitable<Result<IoctlOutput>> perform(Request& request, const wire::IoctlRequest& ioctl, Bytes input) {
  using namespace wire::fsctl;
  if (concerns_no_open(ioctl.ctl_code) && !(ioctl.file_id == wire::related_file_id)) co_return fail(status::invalid_parameter);
  switch (ioctl.ctl_code) {
    case dfs_get_referrals:
    case dfs_get_referrals_ex: co_return fail(status::fs_driver_required);  // not a DFS server
    case validate_negotiate_info: {
      auto output = handle_validate_negotiate(request, input, ioctl.max_output_response);
      if (!output) co_return fail(output.error());
      co_return IoctlOutput{std::move(*output)};
    }
    case query_network_interface_info: co_return interfaces(request, ioctl.max_output_response);
    case wire::fsctl::pipe_wait: co_return commands::pipe_wait(input);
    default: break;
  }
  auto open = request.open(ioctl.file_id);
  if (!open) co_return fail(open.error());
  if ((*open)->pipe) co_return co_await on_pipe(request, *open, ioctl, input);
  co_return co_await on_file(request, *open, ioctl, input);
}

}  // namespace

Awaitable<Result<Reply>> handle_ioctl(Request& request) {
  auto ioctl = wire::parse<wire::IoctlRequest>(request.body);
  if (!ioctl) co_return fail(ioctl.error());
  auto max_transact = request.connection.state.max_transact;
  if (ioctl->input_count > max_transact || ioctl->max_output_response > max_transact || ioctl->max_input_response > max_transact) {
    co_return fail(status::invalid_parameter);
  }
  if (ioctl->flags != is_fsctl) co_return fail(status::not_supported);
  auto input = wire::view(request.message, ioctl->input_offset, ioctl->input_count);
  if (!input) co_return fail(input.error());
  auto result = co_await perform(request, *ioctl, *input);
  if (!result) co_return fail(result.error());
  co_return answer(*ioctl, *result);
}

}  // namespace bossa::commands
