#include "src/commands/support.hpp"

namespace bossa::commands {

Result<wire::FileFacts> facts_of(Open& open, fs::FactNeeds needs) {
  auto& file = *open.file;
  file.path();
  auto facts = fs::file_facts(file.handle, needs);
  if (!facts) return facts;
  facts->access = open.state.granted_access;
  facts->mode = file.mode;
  facts->position = file.position;
  facts->delete_pending = file.delete_pending();
  // A file that is to go has one link less, as Windows and smbd count.
  if (facts->delete_pending && facts->nlink > 0) --facts->nlink;
  return facts;
}

}  // namespace bossa::commands
