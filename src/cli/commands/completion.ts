import { Argument, type Command } from 'commander';
import type { CliContext } from '../context.ts';
import { bashScript } from '../shells/bash.ts';
import { readTree } from '../shells/command-tree.ts';
import { fishScript } from '../shells/fish.ts';
import { zshScript } from '../shells/zsh.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

export function registerCompletion(program: Command, context: CliContext): void {
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SCRIPTS)))
    .addHelpText(
      'after',
      `
Examples:
  $ source <(tierd completion bash)            # this shell; add it to ~/.bashrc for all
  $ tierd completion zsh > "\${fpath[1]}/_tierd"
  $ tierd completion fish > ~/.config/fish/completions/tierd.fish`,
    )
    .action((shell: keyof typeof SCRIPTS) => {
      const script = SCRIPTS[shell](readTree(program));
      context.report({ json: { shell, script }, text: () => script });
    });
}
