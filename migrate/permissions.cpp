#include "migrate/permissions.hpp"

#include <algorithm>

#include "confparse/fusion/value.hpp"
#include "src/base/unicode.hpp"
#include "src/policy/share_access.hpp"

namespace bossa::migrate {
namespace {

using policy::SharePermission;
using Access = SharePermission::Access;
using Who = SharePermission::Who;

struct Principal {
  std::string written, name;
  bool group = false, expressible = true;
  bool netgroup_only = false;  // "&name": the Unix group of that name is somebody else

  friend bool operator==(const Principal& a, const Principal& b) {
    return a.group == b.group && a.netgroup_only == b.netgroup_only && (a.group ? a.name == b.name : equal_ignoring_case(a.name, b.name));
  }
};

Principal principal_of(const std::string& element, const policy::ShareSettings& share) {
  Principal out;
  out.written = element;
  std::string_view text = element;
  bool unix_group = false;
  while (!text.empty() && std::string_view("@+&").find(text.front()) != std::string_view::npos) {
    out.group = true;
    unix_group = unix_group || text.front() != '&';
    text.remove_prefix(1);
  }
  out.name = text == "%S" ? share.name : std::string(text);
  bool macro = out.name.find('%') != std::string::npos;
  out.netgroup_only = out.group && !unix_group;
  auto trimmed = !out.name.empty() && out.name.front() != ' ' && out.name.back() != ' ' && out.name.front() != '\t' && out.name.back() != '\t';
  bool fits = out.group ? out.name.find_first_of(":,\n\r") == std::string::npos && trimmed : confparse::fusion::can_be_id(out.name);
  out.expressible = fits && !macro && !out.netgroup_only && is_utf8(out.name);
  return out;
}

std::vector<Principal> principals(const std::vector<std::string>& list, const policy::ShareSettings& share) {
  std::vector<Principal> out;
  for (const auto& element : list) {
    auto one = principal_of(element, share);
    if (std::ranges::find_if(out, [&](const Principal& other) { return other == one && other.expressible == one.expressible; }) == out.end()) out.push_back(std::move(one));
  }
  return out;
}
bool contains(const std::vector<Principal>& list, const Principal& one) { return std::ranges::find(list, one) != list.end(); }
// Two different users are never one person; a group may hold anybody.
bool may_overlap(const Principal& a, const Principal& b) { return a == b || a.group || b.group || !a.expressible || !b.expressible; }

class FromLists {
 public:
  FromLists(const policy::Settings& settings, const policy::ShareSettings& share)
      : settings_(settings), share_(share), valid_(principals(share.valid_users, share)), invalid_(principals(share.invalid_users, share)),
        readers_(principals(share.read_list, share)), writers_(principals(share.write_list, share)),
        base_(share.read_only ? Access::read : Access::full) {}

  AccessList run() {
    valid_.empty() ? for_everyone() : for_some();
    refuse();
    guests();
    return std::move(out_);
  }

 private:
  void lose(std::string parameter, std::string reason, bool widens) { out_.losses.push_back({std::move(parameter), std::move(reason), widens}); }
  void entry(const Principal& who, Access access) { out_.entries.push_back({who.group ? Who::group : Who::user, who.name, access}); }
  bool refused(const Principal& who) const { return contains(invalid_, who); }

  void for_everyone() {
    out_.entries.push_back({Who::everyone, {}, base_});
    if (base_ == Access::full) {
      for (const auto& reader : readers_) {
        if (!contains(writers_, reader)) lose("read list", reader.written + " keeps write access, which everyone has: rights add up in Fusion", true);
      }
      return;
    }
    for (const auto& writer : writers_) {
      if (!writer.expressible) lose("write list", writer.written + " cannot be written and loses write access", false);
      else if (!refused(writer)) entry(writer, Access::full);
    }
  }

  void for_some() {
    for (const auto& one : valid_) {
      if (!one.expressible) {
        lose("valid users", one.written + " cannot be written and is not admitted", false);
        continue;
      }
      if (refused(one)) continue;
      bool writes = contains(writers_, one), reads = contains(readers_, one);
      entry(one, writes ? Access::full : reads ? Access::read : base_);
      if (writes || reads || base_ == Access::read) continue;
      for (const auto& reader : readers_) {
        if (contains(writers_, reader) || !may_overlap(reader, one)) continue;
        lose("read list", reader.written + " may keep write access as one of " + one.written + ": rights add up in Fusion", true);
      }
    }
    if (base_ == Access::full) {
      // Who is in a reader's group and a writer's beside it writes in Samba; with the entries above he may only read.
      bool group_reads = std::ranges::any_of(valid_, [&](const Principal& one) { return contains(readers_, one) && !contains(writers_, one); });
      for (const auto& writer : writers_) {
        if (group_reads && !contains(valid_, writer)) lose("write list", writer.written + " may lose write access where 'read list' names his group", false);
      }
      return;
    }
    for (const auto& writer : writers_) {
      if (!contains(valid_, writer))
        lose("write list", writer.written + " is not among valid users by that name: no entry, so that nobody is let in who was not (who is admitted by another entry only reads)", false);
    }
  }

  void refuse() {
    for (const auto& one : invalid_) {
      if (!one.expressible) {
        lose("invalid users", one.written + " cannot be written and is not refused", true);
        continue;
      }
      bool needed = valid_.empty() || std::ranges::any_of(valid_, [&](const Principal& other) { return !(other == one) && may_overlap(other, one); });
      if (needed) entry(one, Access::no);
    }
  }

  Access guest_level(bool in_groups) const {
    policy::UserFacts facts;
    facts.name = facts.unix_name = settings_.guest_account;
    facts.guest = true;
    facts.in_unix_group = [&](std::string_view) { return in_groups; };
    auto verdict = policy::share_access(settings_, &open_, facts, 0);
    return !verdict.allowed() ? Access::no : verdict.read_only ? Access::read : Access::full;
  }
  // What groups the guest account is in is not known here: the narrower answer counts.
  void guests() {
    if (!share_.guest_ok && !share_.guest_only) return;
    open_ = share_;
    open_.hosts_allow.clear();
    open_.hosts_deny.clear();
    auto outside = guest_level(false), inside = guest_level(true);
    auto access = std::min(outside, inside);
    if (outside != inside) lose("guest ok", "which groups the guest account is in is not known: guests get the narrower right", false);
    if (access == Access::no) return;
    out_.entries.push_back({Who::guest, {}, access});
    if (settings_.restrict_anonymous < 2) out_.entries.push_back({Who::anonymous, {}, access});
  }

  const policy::Settings& settings_;
  const policy::ShareSettings& share_;
  std::vector<Principal> valid_, invalid_, readers_, writers_;
  Access base_;
  policy::ShareSettings open_;
  AccessList out_;
};

// ---- back ----

bool can_be_element(const std::string& name) {
  return !name.empty() && name.find_first_of("\"%\n\r") == std::string::npos && std::string_view("@+&").find(name.front()) == std::string_view::npos;
}

class FromPermissions {
 public:
  FromPermissions(const policy::Settings& settings, const std::vector<SharePermission>& entries, const std::string& guest_account)
      : settings_(settings), entries_(entries), guest_account_(guest_account) {}

  UserLists run(const std::vector<std::string>& unresolved) {
    for (const auto& text : unresolved) {
      bool denies = text.ends_with(":no");
      lose(text + (denies ? " is not refused any more" : " is not admitted") + ": a SID cannot stand in a list of smb.conf; use sharesec", denies);
    }
    for (const auto& entry : entries_) count(entry);
    write_lists();
    return std::move(out_);
  }

 private:
  struct Named {
    std::string element;
    Access access;
  };
  void lose(std::string reason, bool widens) { out_.losses.push_back({"permissions", std::move(reason), widens}); }

  void count(const SharePermission& entry) {
    if (entry.access == Access::change && (entry.who == Who::everyone || entry.who == Who::authenticated || entry.who == Who::user || entry.who == Who::group))
      lose(confparse::fusion::text_of(entry) + ": smb.conf knows no right to write without the right to change permissions (sharesec does)", true);
    switch (entry.who) {
      case Who::everyone: case Who::authenticated: return raise(everyone_, everyone_refused_, entry.access);
      case Who::guest: return raise(guest_, guest_refused_, entry.access);
      case Who::anonymous: return raise(anonymous_, anonymous_refused_, entry.access);
      case Who::user: case Who::group: break;
    }
    bool group = entry.who == Who::group;
    bool is_guest = !group && equal_ignoring_case(entry.name, guest_account_);
    if (!can_be_element(entry.name) || is_guest) {
      bool denies = entry.access == Access::no;
      return lose(confparse::fusion::text_of(entry) + ": the name cannot stand in a list of smb.conf; " + (denies ? "it is not refused any more" : "it is not admitted"), denies);
    }
    auto element = (group ? "@" : "") + entry.name;
    if (entry.access == Access::no) add(out_.invalid_users, element);
    else named_.push_back({element, entry.access});
  }
  static void raise(Access& level, bool& refused, Access to) {
    if (to == Access::no) refused = true;
    level = std::max(level, to);
  }
  static void add(std::vector<std::string>& list, const std::string& element) {
    if (std::ranges::find(list, element) == list.end()) list.push_back(element);
  }

  // Samba has one kind of guest: what both kinds of Fusion may do that can exist at all.
  Access guest_level() {
    auto guest = guest_refused_ ? Access::no : guest_, anonymous = anonymous_refused_ ? Access::no : anonymous_;
    if (!settings_.null_session_access) anonymous = Access::no;
    bool guests = settings_.map_to_guest != policy::MapToGuest::never, nulls = settings_.null_session_access;
    if (!guests && !nulls) return Access::no;
    auto level = !guests ? anonymous : !nulls ? guest : std::min(guest, anonymous);
    if (guests && nulls && guest != anonymous) lose("guests and null sessions are one to Samba and get the narrower right", false);
    if (level == Access::change) lose("guests: smb.conf knows no right to write without the right to change permissions", true);
    return level;
  }

  void write_lists() {
    auto guests = guest_level();
    out_.guest_ok = guests != Access::no;
    auto everyone = everyone_refused_ ? Access::no : everyone_;
    if (everyone_refused_) named_.clear();
    if (everyone == Access::no) {
      out_.read_only = true;
      for (const auto& one : named_) add(out_.valid_users, one.element);
      if (out_.guest_ok) add(out_.valid_users, guest_account_);
      out_.available = !out_.valid_users.empty();
    } else {
      out_.read_only = everyone == Access::read;
    }
    if (out_.read_only) {
      for (const auto& one : named_) {
        if (one.access > Access::read) add(out_.write_list, one.element);
      }
      if (guests > Access::read) add(out_.write_list, guest_account_);
    } else if (guests == Access::read) {
      add(out_.read_list, guest_account_);
    }
  }

  const policy::Settings& settings_;
  const std::vector<SharePermission>& entries_;
  const std::string& guest_account_;
  Access everyone_ = Access::no, guest_ = Access::no, anonymous_ = Access::no;
  bool everyone_refused_ = false, guest_refused_ = false, anonymous_refused_ = false;
  std::vector<Named> named_;
  UserLists out_;
};

}  // namespace

AccessList permissions_from_lists(const policy::Settings& settings, const policy::ShareSettings& share) { return FromLists(settings, share).run(); }

UserLists lists_from_permissions(const policy::Settings& settings, const std::vector<SharePermission>& entries, const std::vector<std::string>& unresolved,
                                 const std::string& guest_account) {
  return FromPermissions(settings, entries, guest_account).run(unresolved);
}

std::string list_element(const std::string& text) { return text.find_first_of(" \t,;") == std::string::npos ? text : '"' + text + '"'; }

}  // namespace bossa::migrate
