//! What the languages of Windows call things.
//!
//! Sources: the localised editions' folder names as Microsoft documents them for
//! `CSIDL_PROGRAM_FILES`, `CSIDL_COMMON_STARTMENU` and their like; language identifiers from
//! [MS-LCID].

use super::Language;

/// Names and numbers of one language.
pub(super) struct Words {
    /// Language identifier, as in a version resource.
    pub(super) language_id: u16,
    /// Program Files of XP.
    pub(super) program_files: &'static str,
    /// Documents and Settings of XP.
    pub(super) documents: &'static str,
    /// Start menu's folder of programs, below a profile.
    pub(super) start_menu: &'static str,
    /// XP's name in boot.ini; the code page of each language holds it.
    pub(super) edition: &'static str,
    /// What svchost.exe calls itself.
    pub(super) svchost: &'static str,
    /// A document whose name needs more than ASCII, if the language has such.
    pub(super) document: &'static str,
}

/// Returns the words of a language.
pub(super) fn words(language: Language) -> Words {
    match language {
        Language::English => Words {
            language_id: 0x0409,
            program_files: "Program Files",
            documents: "Documents and Settings",
            start_menu: "Start Menu/Programs",
            edition: "Microsoft Windows XP Professional",
            svchost: "Generic Host Process for Win32 Services",
            document: "Quarterly figures.txt",
        },
        Language::French => Words {
            language_id: 0x040c,
            program_files: "Program Files",
            documents: "Documents and Settings",
            start_menu: "Menu Démarrer/Programmes",
            edition: "Microsoft Windows XP Professionnel",
            svchost: "Processus hôte générique pour les services Win32",
            document: "Procès-verbal de l'été.txt",
        },
        Language::German => Words {
            language_id: 0x0407,
            program_files: "Programme",
            documents: "Dokumente und Einstellungen",
            start_menu: "Startmenü/Programme",
            edition: "Microsoft Windows XP Professional",
            svchost: "Allgemeiner Hostprozess für Win32-Dienste",
            document: "Größenübersicht.txt",
        },
        Language::Japanese => Words {
            language_id: 0x0411,
            program_files: "Program Files",
            documents: "Documents and Settings",
            start_menu: "スタート メニュー/プログラム",
            edition: "Microsoft Windows XP Professional",
            svchost: "Win32 サービスの汎用ホスト プロセス",
            document: "売上報告.txt",
        },
    }
}
