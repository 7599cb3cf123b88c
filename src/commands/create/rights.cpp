#include "src/commands/create/rights.hpp"

#include "src/fs/dos_attributes.hpp"

namespace bossa::commands::create {

namespace {

constexpr std::uint32_t writes_data = access::write_data | access::append_data;

// Rights that the descriptor itself proves: the kernel has opened it for them.
std::uint32_t proven(const fs::FileHandle& file) {
  std::uint32_t rights = access::read_attributes | access::synchronize;
  if (file.readable) rights |= access::read_data | access::read_ea | access::read_control;
  if (file.writable) rights |= writes_data | access::write_ea | access::write_attributes;
  return rights;
}

// What the share leaves of a mask, [MS-SMB2] 3.3.5.9.
std::uint32_t allowed_by_share(const session::TreeConnect& tree, std::uint32_t mask) {
  auto allowed = mask & tree.state.maximal_access;
  return tree.state.read_only ? allowed & ~access::any_write : allowed;
}

std::uint32_t maximal_access_if_writable(const session::TreeConnect& tree, const fs::FileHandle& file, const fs::SidMapper& sids) {
  if (file.volume->options().acl.enabled) {
    auto rights = fs::nt_rights_to(file, tree.state.token, sids);
    return allowed_by_share(tree, rights ? *rights : 0);
  }
  return allowed_by_share(tree, fs::maximum_access(file, tree.state.identity));
}

}  // namespace

std::uint32_t maximal_access(const session::TreeConnect& tree, const fs::FileHandle& file, const fs::SidMapper& sids) {
  auto maximum = maximal_access_if_writable(tree, file, sids);
  return file.volume->options().read_only ? maximum & ~access::any_write : maximum;
}

Outcome check_share_rights(const session::TreeConnect& tree, const Params& params) {
  auto wanted = params.access & ~access::maximum_allowed;
  if (allowed_by_share(tree, wanted) != wanted) return fail(status::access_denied);
  if (!tree.state.read_only) return {};
  bool changes = params.overwrites() || params.option(create_option::delete_on_close) || params.request.create_disposition == disposition::create;
  return changes ? Outcome(fail(status::access_denied)) : Outcome{};
}
Result<std::uint32_t> grant_existing(const session::TreeConnect& tree, const Params& params, const fs::FileHandle& file,
                                     std::uint32_t attributes, const fs::SidMapper& sids) {
  bool read_only_file = !file.is_directory() && (attributes & fs::attribute::readonly);
  auto wanted = params.access & ~access::maximum_allowed;
  if (read_only_file && (wanted & writes_data)) return fail(status::access_denied);
  bool stored_acl = file.volume->options().acl.enabled;
  if (!stored_acl && !params.wants_maximum() && (wanted & ~proven(file)) == 0) return wanted;
  auto maximum = maximal_access(tree, file, sids);
  if (read_only_file) maximum &= ~writes_data;
  if (stored_acl) {
    auto needed = wanted | (params.overwrites() ? access::write_data : 0u);
    if (needed & ~maximum) return fail(status::access_denied);
    return params.wants_maximum() ? maximum : wanted;
  }
  if (wanted & ~(maximum | proven(file))) return fail(status::access_denied);
  return params.wants_maximum() ? maximum | wanted : wanted;
}

Outcome check_may_add(const session::TreeConnect& tree, const Params& params, const fs::Located& where, const fs::SidMapper& sids) {
  auto needed = params.wants_directory() ? access::add_subdirectory : access::add_file;
  if (allowed_by_share(tree, needed) == 0) return fail(status::access_denied);
  if (!where.volume->options().acl.enabled) return {};
  auto rights = fs::nt_rights_to_parent(where, tree.state.token, sids);
  if (!rights) return fail(rights.error());
  return *rights & needed ? Outcome{} : Outcome(fail(status::access_denied));
}

std::uint32_t grant_new(const session::TreeConnect& tree, const Params& params) {
  return params.wants_maximum() ? allowed_by_share(tree, access::file_all) : params.access;
}

Outcome check_attributes(const session::TreeConnect& tree, const Params& params, bool is_directory, std::uint32_t attributes) {
  if (!is_directory && params.overwrites()) {
    if (attributes & fs::attribute::readonly) return fail(status::access_denied);
    auto must_keep = attributes & (fs::attribute::hidden | fs::attribute::system);
    if (must_keep & ~params.attributes) return fail(status::access_denied);
  }
  bool read_only = (attributes & fs::attribute::readonly) != 0;
  if (params.option(create_option::delete_on_close) && read_only && !tree.share.delete_readonly) return fail(status::cannot_delete);
  return {};
}

}  // namespace bossa::commands::create
