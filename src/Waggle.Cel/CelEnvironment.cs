using System.Text.RegularExpressions;

namespace Waggle.Cel;

/// <summary>What expressions of one use of the language may speak of: variables, constants, functions, and the limits of it all.</summary>
/// <typeparam name="T">What expressions are evaluated on.</typeparam>
public abstract class CelEnvironment<T>
    where T : allows ref struct
{
    /// <summary>What an expression may cost.</summary>
    public abstract CelLimits Limits { get; }

    /// <summary>All functions, by name; operators and macros belong to the language.</summary>
    public virtual ILookup<string, CelFunction> Functions => CelStandard.ByName;

    /// <summary>What the expressions are about, for messages: "the flow".</summary>
    public abstract string Subject { get; }

    /// <summary>Name of the variable that stands for it.</summary>
    public abstract string SubjectName { get; }

    /// <summary>Names for suggestions, without those of macros' variables.</summary>
    public virtual IEnumerable<string> Names => [SubjectName];

    /// <summary>A variable: its type, and how to get its value; null when there is none of this name.</summary>
    public abstract (CelType Type, CelNode<T> Node)? Variable(string name);

    /// <summary>A name with dots that is no variable: the name of a type, or a constant. Null when there is none.</summary>
    public virtual (CelType Type, CelValue Value)? Constant(string name) => CelType.Named(name);

    /// <summary>What is wrong with a name for which there is no constant, when more can be said than that.</summary>
    public virtual string? WhyNoConstant(string name) => null;

    /// <summary>The type of an object that only the evaluation meets; null when it has none.</summary>
    public virtual CelObjectType? TypeOf(object value) => null;

    /// <summary>The name of a field or key, from how it is written after a dot.</summary>
    public virtual string FieldName(string written) => written;

    /// <summary>A pattern that is matched in time linear in the text.</summary>
    /// <exception cref="ArgumentException">It cannot be used; the message says why.</exception>
    public virtual Regex Pattern(string pattern) => CelPattern.Compile(pattern);

    /// <summary>The known name that was probably meant.</summary>
    public virtual string? Nearest(string typed, IEnumerable<string> known) => null;

    /// <summary>What to add to the message that an operator is not defined for two types.</summary>
    public virtual string Hint(CelType left, CelType right) => "";
}
