import type { DescribedCommand } from "./described.ts";

/** Where nothing is offered, bash falls back to file names. */
export const bash = (commands: readonly DescribedCommand[]): string => `# bash completion for tradsys
_tradsys() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
  local command= position=0 i words=
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      -*) ;;
      *) command=\${COMP_WORDS[i]} position=$i; break ;;
    esac
  done
  case "$command $prev" in
${commands.flatMap(valuesOf).join("\n")}
    *)
      case "$command:$cur" in
        :*) words="${commands.map(({ name }) => name).join(" ")} --help --version" ;;
${commands.map(optionsOf).join("\n")}
      esac
      if ((position > 0 && position == COMP_CWORD - 1)) && [[ $cur != -* ]]; then
        case "$command" in
${commands.flatMap(choicesOf).join("\n")}
        esac
      fi
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o bashdefault -o default -F _tradsys tradsys
`;

/** After an option with a value nothing but its values is right. */
const valuesOf = ({ name, options }: DescribedCommand): string[] =>
  options
    .filter(({ takesValue }) => takesValue)
    .map((option) => `    "${name} --${option.name}") words="${option.choices.join(" ")}" ;;`);

const optionsOf = ({ name, options }: DescribedCommand): string =>
  `        ${name}:-*) words="${options.map((option) => `--${option.name}`).join(" ")}" ;;`;

const choicesOf = ({ name, choices }: DescribedCommand): string[] =>
  choices.length > 0 ? [`          ${name}) words="${choices.join(" ")}" ;;`] : [];
