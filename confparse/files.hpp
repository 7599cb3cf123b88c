// Files written whole or not at all.
#pragma once
#include <string>
#include <string_view>

#include <sys/types.h>

namespace bossa::confparse {

/// Writes to a new file beside `path`, fsyncs it, renames it over `path` and fsyncs the directory: after a power cut there is the old file
/// or the new one. Mode and owner are those of the file that is replaced, else `mode`. Empty, or what went wrong.
[[nodiscard]] std::string replace_file(const std::string& path, std::string_view text, mode_t mode = 0644);
/// The same where nothing may be there yet.
[[nodiscard]] std::string create_file(const std::string& path, std::string_view text, mode_t mode = 0644);
/// Copies `path` to `path`.bak, or .bak.2 … when that is taken, with fsync. `name` gets the copy's name.
[[nodiscard]] std::string back_up(const std::string& path, std::string& name);

}  // namespace bossa::confparse
