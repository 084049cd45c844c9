import type { DescribedCommand } from "./described.ts";

export const zsh = (commands: readonly DescribedCommand[]): string => `#compdef tradsys
_tradsys() {
  local -a commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join("\n")}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${commands.map(argumentsOf).join("\n")}
  esac
}
if [[ $funcstack[1] == _tradsys ]]; then _tradsys "$@"; else compdef _tradsys tradsys; fi
`;

const argumentsOf = ({ name, options, choices }: DescribedCommand): string => {
  const flags = options.map((option) => {
    const action = option.choices.length > 0 ? `(${option.choices.join(" ")})` : "_files";
    return `--${option.name}[${escaped(option.description)}]${option.takesValue ? `:value:${action}` : ""}`;
  });
  const first = choices.length > 0 ? [`1:value:(${choices.join(" ")})`] : [];
  return `    ${name}) _arguments ${[...flags, ...first, "*:file:_files"].map(quoted).join(" ")} ;;`;
};

/** Brackets and colons divide the parts of a specification. */
const escaped = (text: string): string => text.replaceAll(/[[\]:\\]/g, String.raw`\$&`);

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
