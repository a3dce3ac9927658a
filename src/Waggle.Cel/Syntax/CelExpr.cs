namespace Waggle.Cel;

/// <summary>A piece of an expression as it was written.</summary>
/// <param name="At">Index of the character that an error points at.</param>
internal abstract record CelExpr(int At);

internal sealed record CelLiteral(int At, CelType Type, CelValue Value) : CelExpr(At);

/// <param name="Absolute">Written with a leading dot: no variable of a macro is meant.</param>
internal sealed record CelName(int At, string Name, bool Absolute) : CelExpr(At);

internal sealed record CelSelect(int At, CelExpr Operand, string Field) : CelExpr(At);

internal sealed record CelIndex(int At, CelExpr Operand, CelExpr Key) : CelExpr(At);

/// <param name="Receiver">What stands before the dot, or null.</param>
internal sealed record CelCall(int At, CelExpr? Receiver, string Name, IReadOnlyList<CelExpr> Arguments) : CelExpr(At);

/// <param name="Operator">"!" or "-".</param>
internal sealed record CelUnary(int At, string Operator, CelExpr Operand) : CelExpr(At);

internal sealed record CelBinary(int At, string Operator, CelExpr Left, CelExpr Right) : CelExpr(At);

/// <summary>All operands of a chain of the same operator: a chain is as long as wanted, and not deep.</summary>
internal sealed record CelLogical(int At, bool And, IReadOnlyList<CelExpr> Operands) : CelExpr(At);

internal sealed record CelConditional(int At, CelExpr Condition, CelExpr Yes, CelExpr No) : CelExpr(At);

internal sealed record CelListExpr(int At, IReadOnlyList<CelExpr> Elements) : CelExpr(At);

internal sealed record CelMapExpr(int At, IReadOnlyList<(CelExpr Key, CelExpr Value)> Entries) : CelExpr(At);
