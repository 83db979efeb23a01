//! The closed list of elements and attributes.

macro_rules! tags {
    ($($variant:ident $name:literal,)*) => {
        /// An element of the closed list.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum Tag { $($variant,)* }

        impl Tag {
            /// The tag with this name, in lower case.
            pub(crate) fn from_name(name: &str) -> Option<Tag> {
                match name { $($name => Some(Tag::$variant),)* _ => None }
            }

            pub(crate) fn name(self) -> &'static str {
                match self { $(Tag::$variant => $name,)* }
            }
        }
    };
}

tags! {
    Td "td", Tr "tr", Th "th", Span "span", Div "div", P "p",
    A "a", Abbr "abbr", Address "address", Article "article", Aside "aside", B "b", Bdi "bdi", Blockquote "blockquote",
    Body "body", Br "br", Caption "caption", Cite "cite", Code "code", Col "col", Colgroup "colgroup", Data "data",
    Dd "dd", Del "del", Dfn "dfn", Dl "dl", Dt "dt", Em "em", Figcaption "figcaption", Figure "figure",
    Footer "footer", H1 "h1", H2 "h2", H3 "h3", H4 "h4", H5 "h5", H6 "h6", Head "head", Header "header",
    Hgroup "hgroup", Hr "hr", Html "html", I "i", Img "img", Ins "ins", Kbd "kbd", Li "li", Main "main", Mark "mark",
    Meta "meta", Nav "nav", Ol "ol", Pre "pre", S "s", Samp "samp", Section "section", Small "small",
    Strong "strong", Style "style", Sub "sub", Sup "sup", Table "table", Tbody "tbody", Tfoot "tfoot", Thead "thead",
    Time "time", Title "title", U "u", Ul "ul", Var "var", Wbr "wbr",
}

impl Tag {
    pub(crate) fn is_void(self) -> bool {
        matches!(self, Tag::Br | Tag::Col | Tag::Hr | Tag::Img | Tag::Meta | Tag::Wbr)
    }

    /// Elements whose end tag HTML lets authors omit (HTML, 13.1.2.4).
    pub(crate) fn end_is_optional(self) -> bool {
        use Tag::*;
        matches!(
            self,
            P | Li | Dt | Dd | Td | Th | Tr | Tbody | Thead | Tfoot | Colgroup | Caption | Body | Html | Head
        )
    }

    /// Elements that end an open `p`.
    pub(crate) fn ends_paragraph(self) -> bool {
        use Tag::*;
        matches!(
            self,
            Address
                | Article
                | Aside
                | Blockquote
                | Div
                | Dl
                | Figcaption
                | Figure
                | Footer
                | H1
                | H2
                | H3
                | H4
                | H5
                | H6
                | Header
                | Hgroup
                | Hr
                | Main
                | Nav
                | Ol
                | P
                | Pre
                | Section
                | Table
                | Ul
                | Li
                | Dt
                | Dd
        )
    }

    /// Inline elements.
    pub(crate) fn is_phrasing(self) -> bool {
        use Tag::*;
        matches!(
            self,
            A | Abbr
                | B
                | Bdi
                | Cite
                | Code
                | Data
                | Del
                | Dfn
                | Em
                | I
                | Ins
                | Kbd
                | Mark
                | S
                | Samp
                | Small
                | Span
                | Strong
                | Sub
                | Sup
                | Time
                | U
                | Var
        )
    }

    pub(crate) fn is_head_only(self) -> bool {
        matches!(self, Tag::Title | Tag::Meta)
    }
}

/// Whether an attribute is allowed: layout uses it, or it has no effect on the page.
pub(crate) fn is_known_attribute(tag: Tag, name: &str) -> bool {
    let anywhere = matches!(name, "class" | "id" | "style" | "lang" | "title" | "role" | "hidden" | "translate")
        || name.starts_with("data-")
        || name.starts_with("aria-");
    anywhere
        || matches!(
            (tag, name),
            (Tag::A, "href" | "rel" | "target" | "hreflang" | "type" | "download")
                | (Tag::Img, "src" | "alt" | "width" | "height" | "decoding" | "loading")
                | (Tag::Td | Tag::Th, "colspan" | "rowspan" | "headers" | "scope" | "abbr")
                | (Tag::Col | Tag::Colgroup, "span")
                | (Tag::Ol, "start" | "type")
                | (Tag::Li, "value")
                | (Tag::Meta, "charset" | "name" | "content" | "http-equiv")
                | (Tag::Style, "type" | "media")
                | (Tag::Time | Tag::Del | Tag::Ins, "datetime" | "cite")
                | (Tag::Data, "value")
                | (Tag::Html, "xmlns")
                | (Tag::Blockquote, "cite")
        )
}
