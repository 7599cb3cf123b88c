// SET_INFO buffers and extended attributes, [MS-FSCC] 2.4.
#include "src/base/unicode.hpp"
#include "src/wire/fscc.hpp"

namespace bossa::wire {

namespace {
template <class T> Result<T> number(Bytes buffer) {
  Reader reader{buffer};
  auto value = reader.get<T>();
  if (!reader.ok) return fail(status::info_length_mismatch);
  return value;
}
}  // namespace

Result<BasicInformation> parse_basic(Bytes buffer) {
  // The last four bytes are padding that some clients leave out.
  Reader reader{buffer};
  BasicInformation basic{};
  reader(basic.create_time);
  reader(basic.access_time);
  reader(basic.write_time);
  reader(basic.change_time);
  reader(basic.attributes);
  if (!reader.ok) return fail(status::info_length_mismatch);
  for (auto time : {basic.create_time, basic.access_time, basic.write_time, basic.change_time})
    if (static_cast<std::int64_t>(time) < -2) return fail(status::invalid_parameter);
  return basic;
}

Result<RenameRequest> parse_rename(Bytes buffer) {
  Reader reader{buffer};
  RenameRequest request;
  request.replace = reader.get<std::uint8_t>() != 0;
  reader.skip(7);
  reader(request.root_directory);
  auto length = reader.get<std::uint32_t>();
  if (!reader.ok) return fail(status::info_length_mismatch);
  auto name = reader.take(length);
  if (!reader.ok || length == 0) return fail(length == 0 ? status::invalid_parameter : status::info_length_mismatch);
  auto text = utf8_from_utf16le(name);
  if (!text) return fail(status::invalid_parameter);
  request.name = std::move(*text);
  return request;
}

Result<bool> parse_disposition(Bytes buffer) {
  auto value = number<std::uint8_t>(buffer);
  if (!value) return fail(value.error());
  return (*value & 1) != 0;
}

Result<std::uint32_t> parse_disposition_ex(Bytes buffer) { return number<std::uint32_t>(buffer); }
Result<std::uint32_t> parse_mode(Bytes buffer) { return number<std::uint32_t>(buffer); }

Result<std::uint64_t> parse_size(Bytes buffer) {
  auto value = number<std::uint64_t>(buffer);
  if (value && static_cast<std::int64_t>(*value) < 0) return fail(status::invalid_parameter);
  return value;
}

// More than any file can have: a file system keeps them in 64 KiB, and each one is compared with all that are there.
constexpr std::size_t most_eas = 4096;

Result<std::vector<ExtendedAttribute>> parse_full_ea(Bytes buffer) {  // 2.4.16
  std::vector<ExtendedAttribute> eas;
  while (!buffer.empty()) {
    Reader reader{buffer};
    std::size_t next = reader.get<std::uint32_t>();
    ExtendedAttribute ea;
    ea.flags = reader.get<std::uint8_t>();
    std::size_t name_length = reader.get<std::uint8_t>();
    std::size_t value_length = reader.get<std::uint16_t>();
    auto name = reader.take(name_length);
    auto zero = reader.get<std::uint8_t>();
    auto value = reader.take(value_length);
    if (!reader.ok || zero != 0 || name_length == 0) return fail(status::ea_corrupt_error);
    ea.name = std::string(as_text(name));
    if (ea.name.find('\0') != std::string::npos) return fail(status::ea_corrupt_error);
    ea.value = to_vector(value);
    if (eas.size() == most_eas) return fail(status::ea_too_large);
    eas.push_back(std::move(ea));
    if (next == 0) return eas;
    if (next % 4 != 0 || next < 9 + name_length + value_length || next >= buffer.size()) return fail(status::ea_corrupt_error);
    buffer = buffer.subspan(next);
  }
  return eas;
}

Result<InfoReply> build_full_ea(const std::vector<ExtendedAttribute>& eas, std::size_t max_length) {
  if (eas.empty()) return fail(status::no_eas_on_file);
  InfoReply reply;
  Writer writer{reply.body};
  std::size_t last = 0;
  for (const auto& ea : eas) {
    auto start = align_up(reply.body.size(), 4);
    auto size = 8 + ea.name.size() + 1 + ea.value.size();
    if (start + size > max_length) {
      if (reply.body.empty()) return fail(max_length < 8 ? status::info_length_mismatch : status::buffer_too_small);
      reply.status = status::buffer_overflow;
      return reply;
    }
    if (!reply.body.empty()) {
      writer.align(4);
      writer.patch(last, static_cast<std::uint32_t>(start - last));
    }
    last = start;
    writer(std::uint32_t{0});
    writer(ea.flags);
    writer(static_cast<std::uint8_t>(ea.name.size()));
    writer(static_cast<std::uint16_t>(ea.value.size()));
    writer.bytes(as_bytes(ea.name));
    writer(std::uint8_t{0});
    writer.bytes(ea.value);
  }
  return reply;
}

Result<std::vector<std::string>> parse_get_ea(Bytes buffer) {  // 2.4.16.1
  std::vector<std::string> names;
  while (!buffer.empty()) {
    Reader reader{buffer};
    std::size_t next = reader.get<std::uint32_t>();
    std::size_t length = reader.get<std::uint8_t>();
    auto name = reader.take(length);
    if (!reader.ok || length == 0) return fail(status::ea_corrupt_error);
    if (names.size() == most_eas) return fail(status::invalid_parameter);
    names.emplace_back(as_text(name));
    if (next == 0) return names;
    if (next % 4 != 0 || next < 5 + length || next >= buffer.size()) return fail(status::ea_corrupt_error);
    buffer = buffer.subspan(next);
  }
  return names;
}

}  // namespace bossa::wire
