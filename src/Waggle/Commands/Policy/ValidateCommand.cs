using System.Collections.Immutable;
using Waggle.Cli;
using Waggle.Policy.Rules;

namespace Waggle.Commands.Policy;

/// <summary><c>policy validate FILE…</c>: reads policies as the agent does and says what is wrong, with the line.</summary>
internal static class ValidateCommand
{
    public static Verb Create(string tool)
    {
        var files = Operand.Many("file", "files with policies; - is the standard input");
        return new Verb("validate", "Check policies in files, without a cluster")
        {
            Operands = [files],
            Examples = [new($"{tool} policy validate policy.yaml", "what is wrong with it, line by line"), new($"kubectl get cnp -A -o yaml | {tool} policy validate -", "all policies of a cluster")],
            Run = (call, _) => Task.FromResult(Run(call, call.Get(files) ?? [])),
        };
    }

    private static ExitCode Run(Call call, string[] files)
    {
        if (files.Length == 0)
        {
            throw CliException.Usage("no file is given", "Name files, or - for the standard input.");
        }

        int policies = 0, errors = 0, warnings = 0;
        foreach (PolicyDocument document in files.SelectMany(PolicyDocument.Read))
        {
            ImmutableArray<PolicyProblem> faults, doubts = [];
            string name = $"{document.Content["kind"]} {document.Content["metadata"]?["name"]}";
            if (document.Kind is { } kind)
            {
                ParsedPolicy policy = PolicyParser.Parse(kind, document.Element);
                (faults, doubts) = (policy.Errors, policy.Warnings);
            }
            else if (document.IsCidrGroup)
            {
                faults = PolicyParser.ParseCidrGroup(document.Element).Errors;
            }
            else
            {
                call.Terminal.Note($"{document.File}:{document.Line("")}: {name} holds no policy: skipped");
                continue;
            }

            policies++;
            errors += faults.Length;
            warnings += doubts.Length;
            Print(call, document, name, "error", faults);
            Print(call, document, name, "warning", doubts);
        }

        call.Terminal.Out.WriteLine(errors > 0 ? $"{errors} errors, {warnings} warnings in {policies} objects: a policy with an error is not applied at all"
            : policies == 0 ? "no policies found" : $"{policies} objects are valid{(warnings > 0 ? $", with {warnings} warnings" : "")}");
        return errors > 0 || policies == 0 ? ExitCode.Failed : ExitCode.Ok;
    }

    private static void Print(Call call, PolicyDocument document, string name, string severity, ImmutableArray<PolicyProblem> problems)
    {
        foreach (PolicyProblem problem in problems)
        {
            call.Terminal.Out.WriteLine($"{document.File}:{document.Line(problem.Pointer)}: {severity}: {name}: {problem}");
        }
    }
}
