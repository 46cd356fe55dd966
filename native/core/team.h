// Threads that stand by for one executor, and to which its parallel_for hands out work: less than a microsecond a
// time, where entering an OpenMP region takes several.
#pragma once
#include <cstddef>
#include <functional>

namespace hebb {

class Team {
 public:
  // Runs body on the calling thread while `size` - 1 threads of OpenMP stand by for it. body must not throw.
  static void lead(int size, const std::function<void()>& body);
  // The team that the calling thread leads, or null.
  static Team* led();

  // The members, the leader among them: what was asked for, or as many as the runtime gave.
  int size() const { return size_; }

  // Calls share(context, index) for each index below `members`, index 0 on the leader, and returns when all have.
  using Share = void (*)(const void* context, int index);
  void run(int members, Share share, const void* context);

 private:
  struct Work;
  struct Post;
  explicit Team(int size);
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;
  ~Team();
  static void stand_by(Post& post, int index);
  void lead_present(int present, const std::function<void()>& body);

  int size_;
  Post* posts_;  // of the members but the leader
};

}  // namespace hebb
