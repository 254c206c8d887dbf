// An object with some members in place of its own; everything else is done by the object itself.

export function over<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy(target, {
    get(base, key) {
      if (key in members) return Reflect.get(members, key);
      const value: unknown = Reflect.get(base, key, base);
      return typeof value === "function" ? (value as (...given: unknown[]) => unknown).bind(base) : value;
    },
    set: (base, key, value) => Reflect.set(key in members ? members : base, key, value),
  });
}
