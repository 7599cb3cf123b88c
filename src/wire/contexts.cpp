#include "src/wire/contexts.hpp"

namespace bossa::wire {
namespace {
constexpr std::size_t max_negotiate_contexts = 64, max_create_contexts = 64;

struct ContextHead {
  std::uint16_t type = 0, length = 0;
  std::uint32_t reserved = 0;
  BOSSA_FIELDS(&ContextHead::type, &ContextHead::length, &ContextHead::reserved);
};
struct CreateHead {
  std::uint32_t next = 0;
  std::uint16_t name_offset = 0, name_length = 0, reserved = 0, data_offset = 0;
  std::uint32_t data_length = 0;
  BOSSA_FIELDS(&CreateHead::next, &CreateHead::name_offset, &CreateHead::name_length,
                                            &CreateHead::reserved, &CreateHead::data_offset, &CreateHead::data_length);
};
Result<std::vector<std::uint16_t>> read_ids(Reader& reader, std::size_t count) {
  if (count == 0 || count * 2 > reader.remaining()) return fail(status::invalid_parameter);
  std::vector<std::uint16_t> ids(count);
  for (auto& id : ids) reader(id);
  return ids;
}
}  // namespace

Result<std::vector<NegotiateContext>> parse_negotiate_contexts(Bytes message, std::size_t offset, std::size_t count) {
  if (count > max_negotiate_contexts || offset % 8 != 0) return fail(status::invalid_parameter);
  std::vector<NegotiateContext> contexts;
  for (std::size_t at = offset; contexts.size() < count; at = align_up(at, 8)) {
    auto head_bytes = view(message, at, fixed_size<ContextHead>());
    if (!head_bytes) return fail(status::invalid_parameter);
    auto head = parse_plain<ContextHead>(*head_bytes);
    if (!head) return fail(status::invalid_parameter);
    at += fixed_size<ContextHead>();
    auto data = view(message, at, head->length);
    if (!data) return fail(status::invalid_parameter);
    contexts.push_back({head->type, *data});
    at += head->length;
  }
  return contexts;
}

void append_negotiate_context(ByteVector& out, std::size_t origin, std::uint16_t type, Bytes data) {
  Writer writer{out};
  writer.align(8, origin);
  writer(ContextHead{type, static_cast<std::uint16_t>(data.size()), 0});
  writer.bytes(data);
}

Result<AlgorithmList> parse_preauth_capabilities(Bytes data) {
  Reader reader{data};
  auto count = reader.get<std::uint16_t>();
  auto salt_length = reader.get<std::uint16_t>();
  if (!reader.ok) return fail(status::invalid_parameter);
  auto ids = read_ids(reader, count);
  if (!ids) return fail(ids.error());
  auto salt = reader.take(salt_length);
  if (!reader.ok) return fail(status::invalid_parameter);
  return AlgorithmList{std::move(*ids), salt};
}

Result<AlgorithmList> parse_algorithm_list(Bytes data) {
  Reader reader{data};
  auto count = reader.get<std::uint16_t>();
  if (!reader.ok) return fail(status::invalid_parameter);
  auto ids = read_ids(reader, count);
  if (!ids) return fail(ids.error());
  return AlgorithmList{std::move(*ids), {}};
}

Result<std::vector<CreateContext>> parse_create_contexts(Bytes blob) {
  std::vector<CreateContext> contexts;
  while (!blob.empty()) {
    if (contexts.size() == max_create_contexts) return fail(status::invalid_parameter);
    auto head = parse_plain<CreateHead>(blob);
    if (!head) return fail(status::invalid_parameter);
    if (head->next % 8 != 0 || (head->next != 0 && head->next >= blob.size()) || (head->next != 0 && head->next < fixed_size<CreateHead>()))
      return fail(status::invalid_parameter);
    auto entry = head->next == 0 ? blob : blob.first(head->next);
    if (head->name_length < 4 || head->name_offset < fixed_size<CreateHead>()) return fail(status::invalid_parameter);
    auto name = view(entry, head->name_offset, head->name_length);
    auto data = view(entry, head->data_offset, head->data_length);
    if (!name || !data) return fail(status::invalid_parameter);
    std::size_t name_end = std::size_t{head->name_offset} + head->name_length;
    if (head->data_length != 0 && (head->data_offset < name_end || head->data_offset % 8 != 0)) return fail(status::invalid_parameter);
    contexts.push_back({std::string(as_text(*name)), *data});
    if (head->next == 0) break;
    blob = blob.subspan(head->next);
  }
  return contexts;
}

ByteVector build_create_contexts(const std::vector<CreateContextOut>& contexts) {
  ByteVector out;
  Writer writer{out};
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    const auto& context = contexts[i];
    auto start = out.size();
    auto data_offset = align_up(fixed_size<CreateHead>() + context.name.size(), 8);
    CreateHead head{0, static_cast<std::uint16_t>(fixed_size<CreateHead>()), static_cast<std::uint16_t>(context.name.size()), 0,
                    static_cast<std::uint16_t>(context.data.empty() ? 0 : data_offset), static_cast<std::uint32_t>(context.data.size())};
    writer(head);
    writer.bytes(as_bytes(context.name));
    writer.align(8, start);
    writer.bytes(context.data);
    if (i + 1 < contexts.size()) {
      writer.align(8, start);
      writer.patch(start, static_cast<std::uint32_t>(out.size() - start));
    }
  }
  return out;
}

}  // namespace bossa::wire
