// A value that Svelte follows, for code outside components.

export function reactive<T>(initial: T): { current: T } {
  let current = $state.raw(initial);
  return {
    get current() {
      return current;
    },
    set current(next: T) {
      current = next;
    },
  };
}
