namespace Waggle.Cli.Completion;

/// <summary>The shells' side: small scripts that ask the tool itself, so they never go out of date.</summary>
public static class CompletionScripts
{
    public static readonly IReadOnlyList<string> Shells = ["bash", "zsh", "fish"];

    /// <param name="tool">The name under which the tool is typed.</param>
    public static string For(string shell, string tool)
    {
        var function = "_" + tool.Replace('-', '_') + "_complete";
        var script = shell switch
        {
            "bash" => Bash,
            "zsh" => Zsh,
            "fish" => Fish,
            _ => throw CliException.Usage($"there is no completion for \"{shell}\"", "shells: bash, zsh, fish"),
        };
        return script.Replace("@TOOL@", tool).Replace("@FUNCTION@", function);
    }

    // COMP_WORDBREAKS splits at "=" and ":", which the tool does not: the words are taken from the line again. Only as many
    // characters of a candidate as bash has not split off already may be offered.
    private const string Bash = """
        # bash completion for @TOOL@: source <(@TOOL@ completion bash)
        @FUNCTION@() {
            local line="${COMP_LINE:0:$COMP_POINT}" typed="" prefix="" word
            local -a words=()
            read -r -a words <<<"$line"
            case "$line" in
                *[[:space:]]) ;;
                *) typed="${words[${#words[@]}-1]}"; unset "words[${#words[@]}-1]" ;;
            esac
            prefix="$typed"
            case "$typed" in
                *[=:]*) prefix="${typed%"${typed##*[=:]}"}" ;;
                *) prefix="" ;;
            esac
            COMPREPLY=()
            while IFS=$'\t' read -r word _; do
                [[ -n "$word" ]] && COMPREPLY+=("${word#"$prefix"}")
            done < <("${words[0]}" __complete "$typed" "${words[@]:1}" 2>/dev/null)
            [[ ${#COMPREPLY[@]} -eq 1 && "${COMPREPLY[0]}" == *= ]] && compopt -o nospace 2>/dev/null
            return 0
        }
        complete -o default -F @FUNCTION@ @TOOL@

        """;

    private const string Zsh = """
        #compdef @TOOL@
        # zsh completion for @TOOL@: source <(@TOOL@ completion zsh)
        @FUNCTION@() {
            local -a candidates
            local line word remark
            while IFS=$'\t' read -r word remark; do
                [[ -n "$word" ]] || continue
                line="${word//:/\\:}"
                [[ -n "$remark" ]] && line="$line:$remark"
                candidates+=("$line")
            done < <("${words[1]}" __complete "${words[$CURRENT]}" "${(@)words[2,$CURRENT-1]}" 2>/dev/null)
            if (( ${#candidates} )); then
                _describe '@TOOL@' candidates
            else
                _files
            fi
        }
        if [ "$funcstack[1]" = "_@TOOL@" ]; then
            @FUNCTION@ "$@"
        else
            compdef @FUNCTION@ @TOOL@
        fi

        """;

    private const string Fish = """
        # fish completion for @TOOL@: @TOOL@ completion fish | source
        function @FUNCTION@
            set -l words (commandline -opc)
            set -l typed (commandline -ct)
            $words[1] __complete "$typed" $words[2..-1] 2>/dev/null
        end
        complete -c @TOOL@ -f -a '(@FUNCTION@)'

        """;
}
