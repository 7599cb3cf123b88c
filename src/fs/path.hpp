// A client's path, checked and cut. Text is UTF-8 inside; the client's separator is the backslash, ours the slash.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "src/base/result.hpp"

namespace bossa::fs {

/// A path below a share root: components joined by '/', "" for the root itself. No component is empty, "." or "..", none holds
/// '/', '\0' or (from parse_path) a character that Windows forbids.
class SmbPath {
 public:
  SmbPath() = default;
  /// For canonical paths that the server made itself (already '/'-separated and clean).
  [[nodiscard]] static SmbPath from_canonical(std::string text) {
    SmbPath path;
    path.text_ = std::move(text);
    return path;
  }
  [[nodiscard]] const std::string& text() const { return text_; }
  /// Other components in the place of these; stream and demands stay.
  void set_text(std::string text) { text_ = std::move(text); }
  [[nodiscard]] bool is_root() const { return text_.empty(); }
  /// The last component; "" for the root.
  [[nodiscard]] std::string_view name() const;
  /// Everything before the last component; "" when that is the root.
  [[nodiscard]] std::string_view parent() const;
  /// Views of this path.
  [[nodiscard]] std::vector<std::string_view> components() const&;
  std::vector<std::string_view> components() && = delete;
  /// A POSIX name: case counts, nothing is mangled or mapped.
  [[nodiscard]] bool exact() const { return exact_; }
  /// Name of the stream without type, "" for the unnamed one.
  [[nodiscard]] const std::string& stream() const { return stream_; }
  [[nodiscard]] bool has_stream() const { return !stream_.empty(); }
  /// A colon was written: OBJECT_NAME_INVALID on shares without named streams, as smbd answers (even for "name::$DATA").
  [[nodiscard]] bool mentions_stream() const { return mentions_stream_; }
  /// ":$INDEX_ALLOCATION" or "::$DATA" were written out: a directory, or a non-directory, is demanded.
  [[nodiscard]] bool demands_directory() const { return demands_directory_; }
  [[nodiscard]] bool demands_data() const { return demands_data_; }

 private:
  friend Result<SmbPath> parse_path(std::string_view);
  friend Result<SmbPath> parse_posix_path(std::string_view);
  std::string text_, stream_;
  bool demands_directory_ = false, demands_data_ = false, mentions_stream_ = false, exact_ = false;
};

/// From the UTF-8 form of the CREATE or rename name. A leading backslash is the command's affair (INVALID_PARAMETER for CREATE);
/// here runs of backslashes count as one, and those at the ends are dropped. ".." is taken lexically, as smbd does.
/// OBJECT_NAME_INVALID: a forbidden character (* ? < > " | / below 0x20), "." at the end, a bad stream name.
/// OBJECT_PATH_SYNTAX_BAD: ".." leaves the root. OBJECT_PATH_NOT_FOUND: "." before the end.
[[nodiscard]] Result<SmbPath> parse_path(std::string_view text);

/// From the name of a CREATE with the POSIX context: slashes and backslashes separate, anything else but NUL may stand in a component, and
/// there are no streams. OBJECT_NAME_INVALID, OBJECT_PATH_SYNTAX_BAD as above.
[[nodiscard]] Result<SmbPath> parse_posix_path(std::string_view text);

/// A canonical path as clients see it: backslashes, without a leading one.
[[nodiscard]] std::string to_client(std::string_view canonical);

/// Joins a directory ("" = root) and a name.
[[nodiscard]] std::string join(std::string_view directory, std::string_view name);

}  // namespace bossa::fs
