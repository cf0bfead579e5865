import { Argument, type Command } from 'commander';
import type { CliContext } from './context.ts';
import { SHELLS, type Shell, shellScript } from './terminal/shell-script.ts';

export function registerCompletion(program: Command, context: CliContext): void {
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText(
      'after',
      `
Examples:
  $ source <(tierd completion bash)            # this shell; add it to ~/.bashrc for all
  $ tierd completion zsh > "\${fpath[1]}/_tierd"
  $ tierd completion fish > ~/.config/fish/completions/tierd.fish`,
    )
    .action((shell: Shell) => {
      const script = shellScript(shell, program);
      context.report({ json: { shell, script }, text: () => script });
    });
}
