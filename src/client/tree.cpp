#include <algorithm>

#include "src/base/unicode.hpp"
#include "src/client/session.hpp"

namespace bossa::client {

using namespace wire;

Tree::Tree(Session& session, std::uint32_t id, const TreeConnectResponse& info) : session_(session), id_(id), info_(info) {}

Tweaks Tree::with_encryption(const Tweaks& tweaks) const {
  auto copy = tweaks;
  if (encrypts() && !copy.encrypt) copy.encrypt = true;
  return copy;
}

Result<Reply> Tree::call(const Request& request, const Tweaks& tweaks) {
  return session_.call(request, id_, with_encryption(tweaks));
}
Result<std::uint64_t> Tree::send(const Request& request, const Tweaks& tweaks) {
  return session_.connection().send(request, &session_.security(), session_.id(), id_, with_encryption(tweaks));
}
Result<std::vector<std::uint64_t>> Tree::send(std::span<const Request> compound, const Tweaks& tweaks) {
  return session_.connection().send(compound, &session_.security(), session_.id(), id_, with_encryption(tweaks));
}
Result<Reply> Tree::wait(std::uint64_t message_id) {
  auto reply = session_.connection().wait(message_id);
  if (reply && reply->protection == Protection::wrongly_signed) return fail(status::invalid_network_response);
  return reply;
}

namespace {

/// For commands whose answer says only that it worked.
Outcome outcome_of(const Result<Reply>& reply) {
  if (!reply) return fail(reply.error());
  return reply->status().is_error() ? Outcome{fail(reply->status())} : Outcome{};
}

Result<ByteVector> copied(const Result<Bytes>& bytes) {
  if (!bytes) return fail(bytes.error());
  return to_vector(*bytes);
}

} // namespace

Result<Bytes> ioctl_output(const Reply& reply) {
  auto response = reply.parse<IoctlResponse>();
  if (!response) return fail(response.error());
  return view(reply.message, response->output_offset, response->output_count);
}

Result<Bytes> output_buffer(const Reply& reply) {
  if (reply.status() == status::no_more_files) return fail(status::no_more_files);
  auto response = reply.parse<OutputBufferResponse>();
  if (!response) return fail(response.error());
  return view(reply.message, response->output_buffer_offset, response->output_buffer_length);
}

Result<Bytes> read_data(const Reply& reply) {
  auto response = reply.parse<ReadResponse>();
  if (!response) return fail(response.error());
  return view(reply.message, response->data_offset, response->data_length);
}

Result<File> Tree::create(std::string_view name, const CreateOptions& options) {
  auto reply = call(requests::create(name, options));
  if (!reply) return fail(reply.error());
  auto response = reply->parse<CreateResponse>();
  if (!response) return fail(response.error());
  File file{response->file_id, *response, {}, *reply};
  if (response->create_contexts_length > 0) {
    auto blob = view(file.reply.message, response->create_contexts_offset, response->create_contexts_length);
    auto contexts = blob ? parse_create_contexts(*blob) : Result<std::vector<CreateContext>>(fail(blob.error()));
    if (!contexts) return fail(status::invalid_network_response);
    file.contexts = std::move(*contexts);
  }
  return file;
}

Outcome Tree::close(FileId file) { return outcome_of(call(requests::close(file))); }
Outcome Tree::flush(FileId file) { return outcome_of(call(requests::flush(file))); }
Outcome Tree::lock(FileId file, const std::vector<LockElement>& locks) { return outcome_of(call(requests::lock(file, locks))); }
Outcome Tree::disconnect() { return outcome_of(call(requests::tree_disconnect())); }
Outcome Tree::set_info(FileId file, std::uint8_t info_type, std::uint8_t info_class, Bytes buffer, std::uint32_t additional) {
  return outcome_of(call(requests::set_info(file, info_type, info_class, buffer, additional)));
}

Result<ByteVector> Tree::read(FileId file, std::uint64_t offset, std::uint32_t length) {
  auto reply = call(requests::read(file, offset, length));
  return reply ? copied(read_data(*reply)) : fail(reply.error());
}

Result<std::uint32_t> Tree::write(FileId file, std::uint64_t offset, Bytes data) {
  auto reply = call(requests::write(file, offset, data));
  if (!reply) return fail(reply.error());
  auto response = reply->parse<WriteResponse>();
  if (!response) return fail(response.error());
  return response->count;
}

Result<ByteVector> Tree::query_directory(FileId file, std::uint8_t info_class, std::string_view pattern, std::uint8_t flags,
                                         std::uint32_t max_output) {
  auto reply = call(requests::query_directory(file, info_class, pattern, flags, max_output));
  return reply ? copied(output_buffer(*reply)) : fail(reply.error());
}

Result<ByteVector> Tree::query_info(FileId file, std::uint8_t info_type, std::uint8_t info_class, std::uint32_t max_output,
                                    std::uint32_t additional) {
  auto reply = call(requests::query_info(file, info_type, info_class, max_output, additional));
  return reply ? copied(output_buffer(*reply)) : fail(reply.error());
}

Result<ByteVector> Tree::ioctl(FileId file, std::uint32_t code, Bytes input, std::uint32_t max_output) {
  auto reply = call(requests::ioctl(file, code, input, max_output));
  return reply ? copied(ioctl_output(*reply)) : fail(reply.error());
}

Result<std::vector<std::string>> Tree::list(std::string_view directory, std::string_view pattern) {
  CreateOptions options;
  options.access = access::read_data | access::read_attributes | access::synchronize;
  options.options = create_option::directory;
  auto opened = create(directory, options);
  if (!opened) return fail(opened.error());
  constexpr std::uint8_t names_information = 12;
  std::vector<std::string> names;
  NtStatus end;
  for (;;) {
    auto buffer = query_directory(opened->id, names_information, pattern);
    if (!buffer) {
      end = buffer.error();
      break;
    }
    for (Bytes rest = *buffer; rest.size() >= 12;) { // [MS-FSCC] 2.4.33: NextEntryOffset, FileIndex, FileNameLength, name
      auto next = load_le<std::uint32_t>(rest.data());
      auto name = view(rest, 12, load_le<std::uint32_t>(rest.data() + 8));
      auto text = name ? utf8_from_utf16le(*name) : Result<std::string>(fail(name.error()));
      if (!text || next > rest.size()) return fail(status::invalid_network_response);
      names.push_back(std::move(*text));
      if (next == 0) break;
      rest = rest.subspan(next);
    }
  }
  if (auto closed = close(opened->id); !closed) return fail(closed.error());
  if (end == status::no_more_files || (end == status::no_such_file && names.empty())) return names;
  return fail(end);
}

Outcome Tree::put(std::string_view name, Bytes data) {
  CreateOptions options;
  options.disposition = disposition::overwrite_if;
  auto file = create(name, options);
  if (!file) return fail(file.error());
  auto part_size = std::min<std::size_t>(session_.connection().negotiated().max_write, 1u << 20);
  for (std::size_t at = 0; at < data.size();) {
    auto part = data.subspan(at, std::min(part_size, data.size() - at));
    auto written = write(file->id, at, part);
    if (!written) return fail(written.error());
    if (*written != part.size()) return fail(status::invalid_network_response);
    at += part.size();
  }
  return close(file->id);
}

Result<ByteVector> Tree::get(std::string_view name) {
  CreateOptions options;
  options.access = access::generic_read;
  auto file = create(name, options);
  if (!file) return fail(file.error());
  auto part_size = std::min<std::uint32_t>(session_.connection().negotiated().max_read, 1u << 20);
  ByteVector data;
  for (;;) {
    auto part = read(file->id, data.size(), part_size);
    if (!part && part.error() == status::end_of_file) break;
    if (!part) return fail(part.error());
    data.insert(data.end(), part->begin(), part->end());
    if (part->size() < part_size) break;
  }
  if (auto closed = close(file->id); !closed) return fail(closed.error());
  return data;
}

Outcome Tree::remove(std::string_view name) {
  CreateOptions options;
  options.access = access::delete_;
  options.options = create_option::delete_on_close;
  auto file = create(name, options);
  if (!file) return fail(file.error());
  return close(file->id);
}

} // namespace bossa::client
