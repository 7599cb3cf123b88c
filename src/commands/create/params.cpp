#include "src/commands/create/params.hpp"

#include "src/base/unicode.hpp"
#include "src/fs/dos_attributes.hpp"

namespace bossa::commands::create {

namespace {

constexpr std::uint32_t last_impersonation_level = 3;   // Delegate
constexpr std::uint32_t invalid_options = 0xFF000000;
// [MS-SMB2] 2.2.13; and FILE_CREATE_TREE_CONNECTION, of older protocols, which Windows refuses alike.
constexpr std::uint32_t unsupported_options = create_option::open_by_file_id | create_option::reserve_opfilter | 0x80;
constexpr std::uint32_t known_sharing = 7;
// [MS-FSCC] 2.6. DEVICE (0x40), the volume label's bit (0x8) and VIRTUAL (0x10000) are none that a file is given.
constexpr std::uint32_t known_attributes = 0x005EFFB7;
constexpr std::uint32_t known_access = access::file_all | access::system_security | access::maximum_allowed | access::generic_all |
                                       access::generic_execute | access::generic_write | access::generic_read;

Result<std::string> name_of(Bytes message, const wire::CreateRequest& request) {
  auto bytes = wire::view(message, request.name_offset, request.name_length);
  if (!bytes) return fail(bytes.error());
  auto name = utf8_from_utf16le(*bytes);
  if (!name) return name;
  if (name->find('\0') != std::string::npos) return fail(status::object_name_invalid);
  return name;
}

}  // namespace

Result<Params> parse_params(Bytes message, Bytes body) {
  auto request = wire::parse<wire::CreateRequest>(body);
  if (!request) return fail(request.error());
  Params params;
  params.request = *request;
  auto name = name_of(message, *request);
  if (!name) return fail(name.error());
  params.name = std::move(*name);
  auto blob = wire::view(message, request->create_contexts_offset, request->create_contexts_length);
  if (!blob) return fail(blob.error());
  auto contexts = parse_contexts(*blob);
  if (!contexts) return fail(contexts.error());
  params.contexts = std::move(*contexts);
  if (params.contexts.reconnects()) return params;  // nothing else in the request counts, [MS-SMB2] 3.3.5.9.7
  if (request->impersonation_level > last_impersonation_level) return fail(status::bad_impersonation_level);
  if (request->create_disposition > disposition::overwrite_if) return fail(status::invalid_parameter);
  if (request->create_options & unsupported_options) return fail(status::not_supported);
  if (request->create_options & invalid_options) return fail(status::invalid_parameter);
  if (request->share_access & ~known_sharing) return fail(status::invalid_parameter);  // [MS-FSA] 2.1.5.1, phase 1
  if (request->desired_access == 0 || (request->desired_access & ~known_access)) return fail(status::access_denied);  // likewise
  if (request->file_attributes & ~known_attributes) return fail(status::invalid_parameter);
  params.access = access::from_generic(request->desired_access);
  params.attributes = request->file_attributes;
  return params;
}

Outcome parse_name(Params& params) {
  // [MS-SMB2] 2.2.13: the name is relative to the share.
  if (!params.posix && !params.name.empty() && params.name.front() == '\\') return fail(status::invalid_parameter);
  auto path = params.posix ? fs::parse_posix_path(params.name) : fs::parse_path(params.name);
  if (!path) return fail(path.error());
  params.path = std::move(*path);
  return {};
}

Outcome check_combinations(const Params& params) {
  if (params.access & access::system_security) return fail(status::privilege_not_held);
  bool directory = params.wants_directory();
  if (directory && (params.path.has_stream() || params.path.demands_data())) return fail(status::not_a_directory);
  if (directory && params.refuses_directory()) return fail(status::invalid_parameter);
  if (directory && params.overwrites()) return fail(status::invalid_parameter);
  if (directory && params.may_create() && (params.attributes & fs::attribute::temporary)) return fail(status::invalid_parameter);
  // MAXIMUM_ALLOWED does not stand for it, [MS-FSA] 2.1.5.1.
  if (params.option(create_option::delete_on_close) && !(params.access & access::delete_)) return fail(status::invalid_parameter);
  return {};
}

}  // namespace bossa::commands::create
