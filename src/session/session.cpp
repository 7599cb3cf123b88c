#include "src/session/session.hpp"

namespace bossa::session {

void Session::join(std::uint64_t connection_id) {
  std::lock_guard guard(mutex_);
  connection_ids_.push_back(connection_id);
}

std::size_t Session::leave(std::uint64_t connection_id) {
  std::lock_guard guard(mutex_);
  std::erase(connection_ids_, connection_id);
  return connection_ids_.size();
}

std::vector<std::uint64_t> Session::connection_ids() const {
  std::lock_guard guard(mutex_);
  return connection_ids_;
}

std::shared_ptr<TreeConnect> Session::find_tree(std::uint32_t tree_id) const {
  std::lock_guard guard(mutex_);
  auto found = trees_.find(tree_id);
  return found == trees_.end() ? nullptr : found->second;
}

std::uint32_t Session::add_tree(std::shared_ptr<TreeConnect> tree) {
  std::lock_guard guard(mutex_);
  while (state.next_tree_id == 0 || state.next_tree_id == ~0u || trees_.contains(state.next_tree_id)) ++state.next_tree_id;
  tree->state.tree_id = state.next_tree_id++;
  auto id = tree->state.tree_id;
  trees_[id] = std::move(tree);
  return id;
}

std::shared_ptr<TreeConnect> Session::remove_tree(std::uint32_t tree_id) {
  std::lock_guard guard(mutex_);
  auto found = trees_.find(tree_id);
  if (found == trees_.end()) return nullptr;
  auto tree = std::move(found->second);
  trees_.erase(found);
  return tree;
}

std::vector<std::shared_ptr<TreeConnect>> Session::trees() const {
  std::lock_guard guard(mutex_);
  std::vector<std::shared_ptr<TreeConnect>> all;
  for (const auto& [id, tree] : trees_) all.push_back(tree);
  return all;
}

std::size_t Session::tree_count() const {
  std::lock_guard guard(mutex_);
  return trees_.size();
}

std::shared_ptr<Open> Session::find_open(wire::FileId id) const {
  std::lock_guard guard(mutex_);
  auto found = opens_.find(id.volatile_);
  return found == opens_.end() || !(found->second->state.file_id == id) ? nullptr : found->second;
}

void Session::count_opens(int difference) {
  if (usage) usage->opens += static_cast<std::uint32_t>(difference);
}

void Session::add_open(std::shared_ptr<Open> open) {
  std::lock_guard guard(mutex_);
  count_opens(1);
  auto id = open->state.file_id.volatile_;
  opens_[id] = std::move(open);
}

std::shared_ptr<Open> Session::remove_open(wire::FileId id) {
  std::lock_guard guard(mutex_);
  auto found = opens_.find(id.volatile_);
  if (found == opens_.end() || !(found->second->state.file_id == id)) return nullptr;
  auto open = std::move(found->second);
  opens_.erase(found);
  count_opens(-1);
  return open;
}

std::vector<std::shared_ptr<Open>> Session::remove_opens(std::optional<std::uint32_t> tree_id) {
  std::lock_guard guard(mutex_);
  std::vector<std::shared_ptr<Open>> taken;
  for (auto it = opens_.begin(); it != opens_.end();) {
    if (tree_id && it->second->state.tree_id != *tree_id) {
      ++it;
      continue;
    }
    taken.push_back(std::move(it->second));
    it = opens_.erase(it);
    count_opens(-1);
  }
  return taken;
}

std::size_t Session::open_count() const {
  std::lock_guard guard(mutex_);
  return opens_.size();
}

std::vector<std::shared_ptr<Open>> Session::opens() const {
  std::lock_guard guard(mutex_);
  std::vector<std::shared_ptr<Open>> all;
  for (const auto& [id, open] : opens_) all.push_back(open);
  return all;
}

}  // namespace bossa::session
