namespace Pipeline.Contracts;

/// <summary>The 21 nationalities of the RandomUser API 1.4; the wire name is the ISO 3166 code in capitals.</summary>
public enum Nationality : byte
{
    Unknown,
    AU,
    BR,
    CA,
    CH,
    DE,
    DK,
    ES,
    FI,
    FR,
    GB,
    IE,
    IN,
    IR,
    MX,
    NL,
    NO,
    NZ,
    RS,
    TR,
    UA,
    US,
}
