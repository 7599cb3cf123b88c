// Which rights an open gets: what the share allows, what the kernel allows the user, what attributes forbid.
#pragma once
#include "src/commands/create/params.hpp"
#include "src/fs/file.hpp"
#include "src/fs/security.hpp"
#include "src/session/tree_connect.hpp"

namespace bossa::commands::create {

/// Everything that this tree and the file's permissions give its user.
[[nodiscard]] std::uint32_t maximal_access(const session::TreeConnect& tree, const fs::FileHandle& file, const fs::SidMapper& sids);
/// Before anything is touched: ACCESS_DENIED when the share does not allow what was asked for.
[[nodiscard]] Outcome check_share_rights(const session::TreeConnect& tree, const Params& params);
/// The granted access to a file that exists. ACCESS_DENIED. `attributes`: of the file.
[[nodiscard]] Result<std::uint32_t> grant_existing(const session::TreeConnect& tree, const Params& params, const fs::FileHandle& file,
                                                   std::uint32_t attributes, const fs::SidMapper& sids);
/// ACCESS_DENIED when the share, or on shares with acl_xattr the directory's descriptor, does not let the user add this to it.
[[nodiscard]] Outcome check_may_add(const session::TreeConnect& tree, const Params& params, const fs::Located& where, const fs::SidMapper& sids);
/// To one that this CREATE has made; check_share_rights() was passed.
[[nodiscard]] std::uint32_t grant_new(const session::TreeConnect& tree, const Params& params);
/// [MS-FSA] 2.1.5.1.2.1: ACCESS_DENIED when a file with these attributes must not be overwritten by one without them; CANNOT_DELETE
/// for delete on close of a read-only file.
[[nodiscard]] Outcome check_attributes(const session::TreeConnect& tree, const Params& params, bool is_directory, std::uint32_t attributes);

}  // namespace bossa::commands::create
