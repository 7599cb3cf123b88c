#include "src/client/requests.hpp"

#include "src/base/unicode.hpp"

namespace bossa::client::requests {
namespace {

using namespace wire;

/// Where a variable part begins, from the header, that follows a fixed part T.
template <class T> constexpr std::uint16_t after() { return static_cast<std::uint16_t>(header_size + fixed_size<T>()); }

/// Fixed part, then the variable one; at least one byte follows, as StructureSize counts one.
template <class T> ByteVector body_of(const T& fixed, Bytes variable) {
  auto body = build(fixed);
  body.insert(body.end(), variable.begin(), variable.end());
  if (variable.empty()) body.push_back(0);
  return body;
}

/// [MS-SMB2] 3.2.4.1.5.
std::uint32_t credits_for(std::size_t size) { return size == 0 ? 1 : static_cast<std::uint32_t>((size - 1) / 65536 + 1); }

} // namespace

Request session_setup(Bytes token, std::uint8_t security_mode, std::uint64_t previous_session, bool binding) {
  SessionSetupRequest fixed;
  fixed.flags = binding ? session_setup_binding : 0;
  fixed.security_mode = security_mode;
  fixed.capabilities = capability::dfs;
  fixed.security_buffer_offset = after<SessionSetupRequest>();
  fixed.security_buffer_length = static_cast<std::uint16_t>(token.size());
  fixed.previous_session_id = previous_session;
  return {Smb2Command::session_setup, body_of(fixed, token)};
}
Request logoff() { return {Smb2Command::logoff, build(EmptyBody{})}; }
Request tree_connect(std::string_view path, std::uint16_t flags) {
  auto name = utf16le_from_utf8(path);
  TreeConnectRequest fixed;
  fixed.flags = flags;
  fixed.path_offset = after<TreeConnectRequest>();
  fixed.path_length = static_cast<std::uint16_t>(name.size());
  return {Smb2Command::tree_connect, body_of(fixed, name)};
}
Request tree_disconnect() { return {Smb2Command::tree_disconnect, build(EmptyBody{})}; }

Request create(std::string_view name, const CreateOptions& options) {
  auto wide = utf16le_from_utf8(name);
  CreateRequest fixed;
  fixed.requested_oplock_level = options.oplock;
  fixed.impersonation_level = 2;
  fixed.desired_access = options.access;
  fixed.file_attributes = options.attributes;
  fixed.share_access = options.share;
  fixed.create_disposition = options.disposition;
  fixed.create_options = options.options;
  fixed.name_offset = after<CreateRequest>();
  fixed.name_length = static_cast<std::uint16_t>(wide.size());
  if (options.contexts.empty()) return {Smb2Command::create, body_of(fixed, wide)};
  auto contexts = build_create_contexts(options.contexts);
  wide.resize(align_up(after<CreateRequest>() + wide.size(), 8) - after<CreateRequest>());
  fixed.create_contexts_offset = static_cast<std::uint32_t>(after<CreateRequest>() + wide.size());
  fixed.create_contexts_length = static_cast<std::uint32_t>(contexts.size());
  wide.insert(wide.end(), contexts.begin(), contexts.end());
  return {Smb2Command::create, body_of(fixed, wide)};
}
Request close(FileId file, std::uint16_t flags) {
  CloseRequest fixed;
  fixed.flags = flags;
  fixed.file_id = file;
  return {Smb2Command::close, build(fixed)};
}
Request flush(FileId file) {
  FlushRequest fixed;
  fixed.file_id = file;
  return {Smb2Command::flush, build(fixed)};
}
Request read(FileId file, std::uint64_t offset, std::uint32_t length, std::uint32_t minimum) {
  ReadRequest fixed;
  fixed.padding = static_cast<std::uint8_t>(after<ReadResponse>());
  fixed.length = length;
  fixed.offset = offset;
  fixed.file_id = file;
  fixed.minimum_count = minimum;
  return {Smb2Command::read, body_of(fixed, {}), {}, credits_for(length)};
}
Request write(FileId file, std::uint64_t offset, Bytes data, std::uint32_t flags) {
  WriteRequest fixed;
  fixed.data_offset = after<WriteRequest>();
  fixed.length = static_cast<std::uint32_t>(data.size());
  fixed.offset = offset;
  fixed.file_id = file;
  fixed.flags = flags;
  if (data.empty()) return {Smb2Command::write, body_of(fixed, {})};
  return {Smb2Command::write, build(fixed), data, credits_for(data.size())};
}
Request lock(FileId file, const std::vector<LockElement>& locks, std::uint32_t sequence) {
  LockRequest fixed;
  fixed.lock_count = static_cast<std::uint16_t>(locks.size());
  fixed.lock_sequence = sequence;
  fixed.file_id = file;
  auto body = build(fixed);
  for (const auto& element : locks) append(body, element);
  return {Smb2Command::lock, std::move(body)};
}
Request ioctl(FileId file, std::uint32_t code, Bytes input, std::uint32_t max_output, std::uint32_t flags) {
  IoctlRequest fixed;
  fixed.ctl_code = code;
  fixed.file_id = file;
  fixed.input_offset = after<IoctlRequest>();
  fixed.input_count = static_cast<std::uint32_t>(input.size());
  fixed.max_output_response = max_output;
  fixed.flags = flags;
  return {Smb2Command::ioctl, body_of(fixed, input), {}, credits_for(std::max<std::size_t>(input.size(), max_output))};
}
Request cancel() { return {Smb2Command::cancel, build(EmptyBody{})}; }
Request echo() { return {Smb2Command::echo, build(EmptyBody{})}; }
Request query_directory(FileId file, std::uint8_t info_class, std::string_view pattern, std::uint8_t flags,
                        std::uint32_t max_output) {
  auto wide = utf16le_from_utf8(pattern);
  QueryDirectoryRequest fixed;
  fixed.file_information_class = info_class;
  fixed.flags = flags;
  fixed.file_id = file;
  fixed.file_name_offset = after<QueryDirectoryRequest>();
  fixed.file_name_length = static_cast<std::uint16_t>(wide.size());
  fixed.output_buffer_length = max_output;
  return {Smb2Command::query_directory, body_of(fixed, wide), {}, credits_for(max_output)};
}
Request change_notify(FileId file, std::uint32_t filter, bool watch_tree, std::uint32_t max_output) {
  ChangeNotifyRequest fixed;
  fixed.flags = watch_tree ? 1 : 0;
  fixed.output_buffer_length = max_output;
  fixed.file_id = file;
  fixed.completion_filter = filter;
  return {Smb2Command::change_notify, build(fixed), {}, credits_for(max_output)};
}
Request query_info(FileId file, std::uint8_t info_type, std::uint8_t info_class, std::uint32_t max_output,
                   std::uint32_t additional, Bytes input) {
  QueryInfoRequest fixed;
  fixed.info_type = info_type;
  fixed.file_info_class = info_class;
  fixed.output_buffer_length = max_output;
  fixed.input_buffer_offset = input.empty() ? 0 : after<QueryInfoRequest>();
  fixed.input_buffer_length = static_cast<std::uint32_t>(input.size());
  fixed.additional_information = additional;
  fixed.file_id = file;
  return {Smb2Command::query_info, body_of(fixed, input), {}, credits_for(std::max<std::size_t>(input.size(), max_output))};
}
Request set_info(FileId file, std::uint8_t info_type, std::uint8_t info_class, Bytes buffer, std::uint32_t additional) {
  SetInfoRequest fixed;
  fixed.info_type = info_type;
  fixed.file_info_class = info_class;
  fixed.buffer_length = static_cast<std::uint32_t>(buffer.size());
  fixed.buffer_offset = after<SetInfoRequest>();
  fixed.additional_information = additional;
  fixed.file_id = file;
  return {Smb2Command::set_info, body_of(fixed, buffer), {}, credits_for(buffer.size())};
}
Request oplock_break(FileId file, std::uint8_t level) {
  OplockBreak fixed;
  fixed.oplock_level = level;
  fixed.file_id = file;
  return {Smb2Command::oplock_break, build(fixed)};
}
Request raw(std::uint16_t command, ByteVector body) { return {static_cast<Smb2Command>(command), std::move(body)}; }

} // namespace bossa::client::requests
