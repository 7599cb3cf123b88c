#include "src/fs/directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "src/base/unicode.hpp"
#include "src/fs/change_time.hpp"
#include "src/fs/characters.hpp"
#include "src/fs/ea.hpp"
#include "src/fs/facts.hpp"
#include "src/fs/mangle.hpp"
#include "src/fs/reparse.hpp"
#include "src/fs/scan.hpp"
#include "src/wire/dos_wildcard.hpp"

namespace bossa::fs {

namespace {
constexpr std::size_t buffer_size = 64 * 1024;

#ifndef SYS_getxattrat
constexpr long SYS_getxattrat = 464;  // asm-generic; older headers do not name it
#endif
struct XattrArguments {  // linux/xattr.h, struct xattr_args
  std::uint64_t value;
  std::uint32_t size, flags;
};

/// user.DOSATTRIB of an entry, without opening it. Linux 6.13 can ask relative to a directory, at a third of the time.
struct Stored {
  std::optional<DosAttrib> dos;
  std::optional<NtTime> change_time;
  Stored() = default;
  Stored(Bytes xattr, NtTime write_time) : dos(parse_dosattrib(xattr)), change_time(stored_change_time(xattr, write_time)) {}
};
Stored stored_of(int directory, const std::string& name, NtTime write_time, bool& has_getxattrat) {
  std::array<std::uint8_t, 256> value;
  if (has_getxattrat) {
    XattrArguments arguments{reinterpret_cast<std::uintptr_t>(value.data()), value.size(), 0};
    auto got = ::syscall(SYS_getxattrat, directory, name.c_str(), AT_SYMLINK_NOFOLLOW, "user.DOSATTRIB", &arguments, sizeof arguments);
    if (got > 0) return {Bytes(value.data(), static_cast<std::size_t>(got)), write_time};
    has_getxattrat = errno != ENOSYS && errno != EPERM;  // EPERM: an old seccomp filter
    if (has_getxattrat) return {};
  }
  auto path = "/proc/self/fd/" + std::to_string(directory) + "/" + name;
  auto got = ::lgetxattr(path.c_str(), "user.DOSATTRIB", value.data(), value.size());
  if (got <= 0) return {};
  return {Bytes(value.data(), static_cast<std::size_t>(got)), write_time};
}

bool accessible(int directory, const std::string& name, int wanted) {
  return ::syscall(SYS_faccessat2, directory, name.c_str(), wanted, AT_EACCESS) == 0;
}
}  // namespace

Result<DirectoryCursor> DirectoryCursor::open(const FileHandle& directory) {
  if (!directory.is_directory()) return fail(status::invalid_parameter);
  DirectoryCursor cursor;
  cursor.volume_ = directory.volume;
  cursor.path_ = directory.path;
  cursor.posix_ = directory.posix;
  cursor.fd_ = Fd(::openat(directory.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!cursor.fd_) return fail(status_from_errno(errno));
  return cursor;
}

void DirectoryCursor::restart(std::string_view pattern, bool reopen) {
  pattern_ = pattern.empty() ? "*" : std::string(pattern);
  match_all_ = pattern_ == "*";
  exact_ = wire::has_wildcard(pattern_) ? std::string{} : pattern_;
  if (const auto& characters = volume_->options().characters; characters && !exact_.empty()) exact_ = characters->to_server(exact_);
  any_ = started_ && !reopen;
  started_ = true;
  at_end_ = false;
  dots_ = 0;
  position_ = filled_ = 0;
  held_.clear();
  ::lseek(fd_.get(), 0, SEEK_SET);
}

bool DirectoryCursor::wanted(const Raw& raw, const std::string& shown) const {
  if (match_all_) return true;
  bool case_sensitive = posix_ || volume_->options().case_sensitive;
  if (raw.name == "..") return pattern_ == ".." || (pattern_ != "." && wire::matches_wildcard(pattern_, "."));
  if (raw.name == ".") return pattern_ != "." && wire::matches_wildcard(pattern_, ".");
  if (wire::matches_wildcard(pattern_, shown, case_sensitive)) return true;
  if (!aliases()) return false;
  auto brief = short_name(raw.name);  // a pattern may mean the 8.3 name, [MS-FSA] 2.1.5.6.3
  return !brief.empty() && brief != shown && wire::matches_wildcard(pattern_, brief, case_sensitive);
}

bool DirectoryCursor::reload() {
  if (buffer_.empty()) buffer_.resize(buffer_size);
  auto got = ::syscall(SYS_getdents64, fd_.get(), buffer_.data(), buffer_.size());
  position_ = 0;
  filled_ = got > 0 ? static_cast<std::size_t>(got) : 0;
  return got > 0;
}

/// The next entry of the directory itself, "." and ".." before all others.
Result<bool> DirectoryCursor::next_raw(Raw& raw) {
  if (dots_ < 2) {
    raw = {dots_ == 0 ? "." : "..", 0, DT_DIR};
    ++dots_;
    return true;
  }
  for (;;) {
    ScanEntry entry;
    auto length = position_ < filled_ ? next_dirent(buffer_.data(), filled_, position_, entry) : 0;
    if (length == 0) {
      if (!reload()) return false;
      continue;
    }
    position_ += length;
    if (entry.name == "." || entry.name == "..") continue;
    raw.name.assign(entry.name);
    raw.inode = entry.inode;
    raw.type = entry.type;
    return true;
  }
}

namespace {
void fill_facts(const VolumeOptions& options, wire::DirectoryFacts& facts, const Stat& stat, const DosInfo& dos) {
  facts.create_time = dos.create_time;
  facts.access_time = nt_time(stat.access);
  facts.write_time = nt_time(stat.modify);
  facts.change_time = facts.write_time;  // as in file_facts()
  if (options.dos_filetime_resolution) {
    for (auto* time : {&facts.create_time, &facts.access_time, &facts.write_time, &facts.change_time}) *time = dos_time(*time);
  }
  facts.attributes = dos.attributes;
  facts.file_id = stat.key.inode;
  facts.end_of_file = stat.is_directory() ? 0 : stat.size;
  facts.allocation_size = reported_allocation(stat);
}
}  // namespace

namespace {
/// The name under which clients find an entry.
std::string client_name(const VolumeOptions& options, const std::string& name) {
  return shown_name(options.characters ? options.characters->to_client(name) : name);
}
}  // namespace

bool DirectoryCursor::aliases() const { return volume_->options().mangled_names == VolumeOptions::Mangling::yes; }

/// A symlink is shown as what it leads to; one that leads nowhere a client may go is not shown.
bool DirectoryCursor::describe_symlink(const Raw& raw, EntryDetail detail, wire::DirectoryFacts& facts) {
  auto path = SmbPath::from_canonical(join(path_, raw.name));
  auto where = locate(volume_, path);
  if (!where || !where->exists) return false;
  if (detail == EntryDetail::names) return true;
  std::optional<DosAttrib> stored;
  if (volume_->options().store_dos_attributes) {
    std::array<std::uint8_t, 256> value;
    auto target = "/proc/self/fd/" + std::to_string(where->outside ? where->parent() : volume_->root()) + "/" +
                  (where->outside ? raw.name : where->target);
    auto got = ::getxattr(target.c_str(), "user.DOSATTRIB", value.data(), value.size());
    if (got > 0) stored = parse_dosattrib(Bytes(value.data(), static_cast<std::size_t>(got)));
  }
  fill_facts(volume_->options(), facts, where->stat, effective(volume_->options(), raw.name, where->stat, stored));
  return true;
}

/// As it stands in the directory, whatever it is.
bool DirectoryCursor::describe_posix(const Raw& raw, wire::DirectoryFacts& facts) {
  const auto& options = volume_->options();
  const std::string& name = raw.name == ".." && path_.empty() ? "." : raw.name;
  auto stat = stat_at(fd_.get(), name.c_str(), false);
  if (!stat) return false;
  Stored stored;
  if (options.store_dos_attributes) stored = stored_of(fd_.get(), name, nt_time(stat->modify), has_getxattrat_);
  fill_facts(options, facts, *stat, effective(options, raw.name, *stat, stored.dos));
  if (stored.change_time) facts.change_time = *stored.change_time;
  facts.reparse_tag = reparse_tag_of(stat->mode);
  if (facts.reparse_tag != 0) facts.attributes = (facts.attributes & ~attribute::normal) | attribute::reparse_point;
  if (sids_ != nullptr) facts.posix = posix_facts(*stat, *sids_);
  return true;
}

/// False: the entry is not shown (vanished, hidden by configuration, a symlink to nowhere).
bool DirectoryCursor::describe(const Raw& raw, EntryDetail detail, wire::DirectoryFacts& facts) {
  const auto& options = volume_->options();
  bool dots = raw.name == "." || raw.name == "..";
  if (!dots) {
    if (volume_->vetoed(raw.name)) return false;
    if (options.hide_unreadable && !accessible(fd_.get(), raw.name, R_OK)) return false;
    if (options.hide_unwriteable && !accessible(fd_.get(), raw.name, W_OK)) return false;
    if (options.hide_special_files && (raw.type == DT_FIFO || raw.type == DT_CHR || raw.type == DT_BLK || raw.type == DT_SOCK)) return false;
  }
  facts.short_name = dots || !aliases() ? std::string{} : short_name(raw.name);
  if (posix_ || sids_ != nullptr) return describe_posix(raw, facts);
  if (raw.type == DT_LNK) return describe_symlink(raw, detail, facts);
  if (detail == EntryDetail::names && raw.type != DT_UNKNOWN) return true;
  // Above the share's root there is nothing for clients to see: its ".." is the root.
  const std::string& name = raw.name == ".." && path_.empty() ? "." : raw.name;
  auto stat = stat_at(fd_.get(), name.c_str(), false);
  if (!stat) return false;
  if (stat->kind() == Kind::symlink) return describe_symlink(raw, detail, facts);
  Stored stored;
  if (options.store_dos_attributes) stored = stored_of(fd_.get(), name, nt_time(stat->modify), has_getxattrat_);
  fill_facts(options, facts, *stat, effective(options, raw.name, *stat, stored.dos));
  if (stored.change_time) facts.change_time = *stored.change_time;
  if (options.ea_support && detail == EntryDetail::eas) facts.ea_size = ea_size_at(fd_.get(), name);
  return true;
}

Result<bool> DirectoryCursor::next(EntryDetail detail, wire::DirectoryFacts& facts) {
  if (!held_.empty()) {
    facts = std::move(held_.front());
    held_.pop_front();
    return true;
  }
  if (at_end_) return false;
  if (!exact_.empty() && exact_ != "." && exact_ != "..") {
    // No wildcard: ask the index instead of walking.
    at_end_ = true;
    Raw raw{exact_, 0, DT_UNKNOWN};
    if (!stat_at(fd_.get(), exact_.c_str(), false)) {
      if (posix_ || volume_->options().case_sensitive || exact_.find('/') != std::string::npos) return false;
      auto found = volume_->names().find(fd_.get(), exact_, volume_->local());
      if (!found || !*found) return false;
      raw.name = std::move(**found);
    }
    facts.name = posix_ ? raw.name : client_name(volume_->options(), raw.name);
    return describe(raw, detail, facts);
  }
  Raw raw;
  for (;;) {
    auto more = next_raw(raw);
    if (!more) return fail(more.error());
    if (!*more) {
      at_end_ = true;
      return false;
    }
    facts.name = posix_ ? raw.name : client_name(volume_->options(), raw.name);
    if (wanted(raw, facts.name) && describe(raw, detail, facts)) return true;
  }
}

Outcome DirectoryCursor::fill(wire::DirectoryClass info_class, std::size_t max_length, bool single, ByteVector& out, const SidMapper* sids) {
  sids_ = sids;
  if (max_length < wire::DirectoryWriter::fixed_size(info_class)) return fail(status::info_length_mismatch);
  if (!started_) restart("*");
  wire::DirectoryWriter writer{info_class, out, max_length};
  bool plain = info_class == wire::DirectoryClass::names || info_class == wire::DirectoryClass::directory;
  auto detail = !plain ? EntryDetail::eas : info_class == wire::DirectoryClass::names ? EntryDetail::names : EntryDetail::attributes;
  wire::DirectoryFacts facts;
  for (;;) {
    auto more = next(detail, facts);
    if (!more) return fail(more.error());
    if (!*more) break;
    any_ = true;
    if (!writer.add(facts)) {
      held_.push_front(std::move(facts));
      if (writer.empty()) return fail(status::info_length_mismatch);
      return {};
    }
    if (single) return {};
  }
  if (!writer.empty()) return {};
  return fail(any_ ? status::no_more_files : status::no_such_file);
}

}  // namespace bossa::fs
