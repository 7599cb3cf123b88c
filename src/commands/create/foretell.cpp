#include "src/commands/create/foretell.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "src/commands/create/rights.hpp"
#include "src/fs/dos_attributes.hpp"
#include "src/fs/facts.hpp"
#include "src/fs/file.hpp"

namespace bossa::commands::create {
namespace {

// AT_EACCESS asks for the thread's own identity, which Impersonate has set.
Outcome may_make_in(int directory) {
  if (::faccessat(directory, ".", W_OK | X_OK, AT_EACCESS) == 0) return {};
  return fail(errno == EROFS ? status::media_write_protected : status::access_denied);
}

}  // namespace

Result<Foretold> foretell(const session::TreeConnect& tree, const Params& params, const fs::SidMapper& sids) {
  if (auto may = check_share_rights(tree, params); !may) return fail(may.error());
  auto intent = fs::intent_of(params.access);
  intent.must_be_directory = params.wants_directory();
  intent.must_not_be_directory = params.refuses_directory();
  auto found = fs::open_or_locate(tree.volume, params.path, intent);
  if (!found) return fail(found.error());
  if (!found->handle) {
    if (!params.may_create()) return fail(status::object_name_not_found);
    if (tree.state.read_only) return fail(status::access_denied);
    if (auto may = may_make_in(found->where.parent()); !may) return fail(may.error());
    if (auto may = check_may_add(tree, params, found->where, sids); !may) return fail(may.error());
    return Foretold{false, params.wants_directory(), grant_new(tree, params)};
  }
  const auto& handle = *found->handle;
  auto attributes = fs::file_facts(handle, handle.stat).attributes;
  if (auto may = check_attributes(tree, params, handle.is_directory(), attributes); !may) return fail(may.error());
  auto granted = grant_existing(tree, params, handle, attributes, sids);
  if (!granted) return fail(granted.error());
  return Foretold{true, handle.is_directory(), *granted};
}

}  // namespace bossa::commands::create
