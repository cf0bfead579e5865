/** What is used of WebAssembly: Node has it, and its types are otherwise those of browsers. */
declare namespace WebAssembly {
  type Module = object;
  const Module: new (bytes: Uint8Array) => Module;

  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, Memory>>);
    readonly exports: unknown;
  }

  class Memory {
    constructor(descriptor: { readonly initial: number });
    /** Another one after each `grow`. */
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
}
